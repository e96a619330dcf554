import Foundation
import StudioTestKit

/// A wall clock that a test sets, for one program: Debian's `faketime`. The monotonic clock is the machine's.
struct FakedTime: Sendable {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory("clock")
        try jump(toHours: 0)
    }

    /// What the program's environment needs.
    ///
    /// - Throws: `TestKitError` where `faketime` is not installed.
    var environment: [String: String] {
        get throws {
            let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
            guard
                let library = folders.map({ "\($0)/faketime/libfaketimeMT.so.1" })
                    .first(where: { FileManager.default.fileExists(atPath: $0) })
            else { throw TestKitError("faketime is not installed; run scripts/install-system-packages.sh") }
            return [
                "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": folder.path("now"), "FAKETIME_NO_CACHE": "1",
                "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ]
        }
    }

    /// Sets the clock to so many hours from the machine's.
    func jump(toHours hours: Int) throws {
        // By a rename: a reader sees the old time or the new one.
        try Data((hours < 0 ? "\(hours)h\n" : "+\(hours)h\n").utf8)
            .write(to: URL(fileURLWithPath: folder.path("now")), options: .atomic)
    }
}
