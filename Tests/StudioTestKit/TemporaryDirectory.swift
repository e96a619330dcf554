import FoundationEssentials
import Glibc

/// A folder of its own for one test, removed with everything in it when the last reference goes,
/// and by the reaper when the test process dies before that.
///
/// The path is short (well below the 107 bytes of a Unix socket's name).
public final class TemporaryDirectory: Sendable {
    /// The folder's absolute path, without a trailing slash and without symbolic links.
    public let path: String

    /// Makes the folder below `TMPDIR` (or `/tmp`), readable by its owner only.
    ///
    /// - Parameter prefix: The start of its name, a few characters.
    /// - Throws: `TestKitError` when it cannot be made.
    public init(_ prefix: String = "studio") throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestKitError.system("mkdtemp in \(base)") }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let resolved = realpath(made, nil) else { throw TestKitError.system("realpath \(made)") }
        defer { free(resolved) }
        path = String(cString: resolved)
        try ProcessReaper.shared().adopt(directory: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of something in the folder.
    ///
    /// - Parameter relative: A path below the folder.
    /// - Returns: The absolute path; nothing is made.
    public func path(_ relative: String) -> String { "\(path)/\(relative)" }

    /// Writes a file, making the folders above it.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - relative: A path below the folder.
    /// - Returns: The file's absolute path.
    /// - Throws: What the file system said.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to relative: String) throws -> String {
        let file = path(relative)
        if let slash = file.lastIndex(of: "/") {
            try FileManager.default.createDirectory(atPath: String(file[..<slash]), withIntermediateDirectories: true)
        }
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }
}

/// Something the test kit itself needs did not work: never a verdict on the code under test.
public struct TestKitError: Error, CustomStringConvertible {
    /// What did not work, in a sentence.
    public let description: String

    /// An error of a test's own.
    ///
    /// - Parameter description: What did not work, in a sentence.
    public init(_ description: String) {
        self.description = description
    }

    static func system(_ what: String, code: Int32 = errno) -> TestKitError {
        TestKitError("\(what): \(String(cString: strerror(code)))")
    }
}
