import CLinux
import Glibc
public import Logging
public import StudioCore

/// The `git-lfs` program. The studio stores takes without it, but people's own `git` needs it in every project.
public enum LFSClient {
    /// How to get it where it is missing, for an operator.
    public static let advice =
        "install it with 'apt-get install git-lfs' (Debian, Ubuntu), 'dnf install git-lfs' (Fedora) or 'brew install git-lfs' (macOS)"

    /// Whether the program is there. Blocks while it looks at the folders.
    ///
    /// - Parameter searchPath: The folders to look in, as `PATH` lists them; empty entries are left out.
    /// - Returns: True where one of them has an executable file `git-lfs`.
    public static func isInstalled(searchPath: String) -> Bool {
        searchPath.split(separator: ":").contains { folder in
            let path = "\(folder)/git-lfs"
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }

    /// Looks for the program and logs ``advice`` as a warning where it is missing. Blocks while it looks.
    ///
    /// - Parameters:
    ///   - searchPath: The folders to look in, as `PATH` lists them.
    ///   - environment: Whose rules hold: production does not start without the program.
    ///   - place: Where people's git works; elsewhere the program is not looked for.
    ///   - logger: Where the warning goes.
    /// - Throws: `StudioError` with code `unavailable` and the advice in production, where the program is missing.
    public static func require(
        searchPath: String, environment: StudioEnvironment, place: GitClientPlace, logger: Logger
    ) throws(StudioError) {
        guard place == .here, !isInstalled(searchPath: searchPath) else { return }
        guard environment != .production else {
            throw StudioError(
                .unavailable, "git-lfs is not installed, and production does not start without it; \(advice)")
        }
        logger.warning("git-lfs is not installed", metadata: ["advice": "\(advice)"])
    }
}
