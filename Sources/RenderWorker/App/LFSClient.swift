import FoundationEssentials
import Glibc
import Logging
import StudioCore

/// The `git-lfs` program. The worker itself needs none, but people who work in the projects' folders do.
enum LFSClient {
    /// Looks for the program and says how to install it where it is missing.
    ///
    /// - Parameters:
    ///   - searchPath: The folders to look in, as in `PATH`.
    ///   - environment: Production does not start without.
    ///   - logger: Where the guidance goes.
    /// - Throws: `StudioError` in production, where the program is missing.
    static func check(searchPath: String, _ environment: StudioEnvironment, logger: Logger) throws {
        let folders = searchPath.split(separator: ":")
        if folders.contains(where: { access("\($0)/git-lfs", X_OK) == 0 }) { return }
        let guidance =
            "git-lfs is not installed: people could not open takes with git; `apt-get install git-lfs` installs it"
        guard environment != .production else { throw StudioError(.unavailable, guidance) }
        logger.warning("\(guidance)")
    }
}
