import FoundationEssentials
import NIOPosix
import StudioCore
import Synchronization

/// The time zones of the machine, read from its IANA database (Debian: `tzdata`) when they are first asked for.
///
/// A zone is remembered until the process ends: a newer database counts from the next start on.
final class ZoneLibrary: Sendable {
    private let folder: String
    private let threads: NIOThreadPool
    private let zones = Mutex<[String: ZoneRules]>(["UTC": .utc])

    /// A library.
    ///
    /// - Parameters:
    ///   - folder: Where the compiled files lie; default `/usr/share/zoneinfo`.
    ///   - threads: Threads that may block.
    init(folder: String = "/usr/share/zoneinfo", threads: NIOThreadPool) {
        self.folder = folder
        self.threads = threads
    }

    /// A zone.
    ///
    /// - Parameter name: Its name, such as `Europe/Berlin`.
    /// - Returns: The zone; nil where there is none of that name.
    /// - Throws: What the threads throw when the process ends.
    func zone(named name: String) async throws -> ZoneRules? {
        if let known = zones.withLock({ $0[name] }) { return known }
        guard ZoneRules.isName(name) else { return nil }
        let path = "\(folder)/\(name)"
        let bytes = try await threads.runIfActive { FileManager.default.contents(atPath: path) }
        guard let bytes, let zone = ZoneRules(name: name, file: Array(bytes)) else { return nil }
        zones.withLock { $0[name] = zone }
        return zone
    }
}
