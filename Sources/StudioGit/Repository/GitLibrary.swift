import CGit2

/// libgit2, set up once for the process.
enum GitLibrary {
    /// Starts the library at the first use; later calls do nothing.
    static func start() throws(GitError) {
        guard status >= 0 else {
            throw GitError(
                .ioFailed, message: "the Git library could not be started", detail: "git_libgit2_init: \(status)")
        }
    }

    private static let status: Int32 = {
        let status = git_libgit2_init()
        guard status >= 0 else { return status }
        // The owner check protects people who step into a stranger's folder with a program that runs that folder's hooks
        // and filters. Here nothing of a repository is ever run, the paths are the studio's own, and in containers the
        // files belong to other numbers than the program runs as.
        let settings = [
            studio_git_set_owner_validation(0),
            // A published take must survive a power failure: objects, references and the index are brought to the disk.
            studio_git_set_fsync(1),
            // What the account this runs as has in its own Git configuration is nobody's wish about a production.
            studio_git_set_search_path(Int32(GIT_CONFIG_LEVEL_SYSTEM.rawValue), ""),
            studio_git_set_search_path(Int32(GIT_CONFIG_LEVEL_XDG.rawValue), ""),
            studio_git_set_search_path(Int32(GIT_CONFIG_LEVEL_GLOBAL.rawValue), ""),
            studio_git_set_search_path(Int32(GIT_CONFIG_LEVEL_PROGRAMDATA.rawValue), ""),
        ]
        return settings.first { $0 < 0 } ?? status
    }()
}
