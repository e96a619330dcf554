import CGit2
public import StudioSystem

/// A project's Git repository with its checkout.
///
/// One thread at a time uses a value; it is not `Sendable`. Several values, in several processes, and people's own `git`
/// may work on the same repository at once. Every call blocks on the file system: never on the cooperative pool. No `git`
/// program is needed, and no hook, filter or command of the repository's configuration is ever run.
public final class GitRepository {
    let handle: GitHandle
    /// The checkout, below which every path is resolved.
    public let workingDirectory: SafeDirectory
    /// The large files.
    public let lfs: LFSObjectStore
    /// Where the index and HEAD are, with a slash at the end: `.git/`, or a linked worktree's own folder.
    let gitDirectory: String
    /// Where references and objects are, with a slash at the end.
    let commonDirectory: String
    /// How locks held by others are waited for.
    let patience: LockPatience

    /// Opens a repository.
    ///
    /// - Parameters:
    ///   - path: The folder of the checkout, the one that holds `.git`; folders above it are not searched.
    ///   - patience: How locks held by others are waited for; default ten seconds.
    /// - Throws: `GitError`, `notARepository` where there is none with a checkout.
    public init(at path: String, patience: LockPatience = LockPatience()) throws(GitError) {
        try GitLibrary.start()
        do {
            handle = try GitHandle("opening the repository", free: git_repository_free) {
                git_repository_open_ext(&$0, path, UInt32(GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue), nil)
            }
        } catch  where error.code == .notFound {
            throw GitError(.notARepository, message: "there is no Git repository", detail: path)
        }
        guard let checkout = git_repository_workdir(handle.pointer), let own = git_repository_path(handle.pointer),
            let common = git_repository_commondir(handle.pointer)
        else { throw GitError(.notARepository, message: "the Git repository has no checkout", detail: path) }
        var folder = String(cString: checkout)
        if folder.utf8.count > 1 && folder.hasSuffix("/") { folder.removeLast() }
        do { workingDirectory = try SafeDirectory(folder) } catch { throw GitError(error) }
        gitDirectory = String(cString: own)
        commonDirectory = String(cString: common)
        lfs = LFSObjectStore(gitDirectory: commonDirectory)
        self.patience = patience
    }

    /// Makes a repository with a checkout on the unborn branch `main`, set up for git-lfs; one that is there is opened,
    /// and its LFS set-up completed. Blocks.
    ///
    /// - Parameters:
    ///   - path: The folder of the checkout, which must exist.
    ///   - patience: How locks held by others are waited for; default ten seconds.
    /// - Returns: The repository.
    /// - Throws: `GitError`.
    public static func initialise(
        at path: String, patience: LockPatience = LockPatience()
    ) throws(GitError) -> GitRepository {
        try GitLibrary.start()
        let branch = "main"
        let status = branch.withCString { name in
            var options = studio_git_repository_init_options()
            options.flags = GIT_REPOSITORY_INIT_MKDIR.rawValue
            options.initial_head = name
            var made: OpaquePointer?
            defer { git_repository_free(made) }
            return git_repository_init_ext(&made, path, &options)
        }
        try git("making the repository", status)
        let repository = try GitRepository(at: path, patience: patience)
        try repository.installLFS()
        return repository
    }

    /// Whether Git sends a path through LFS, by the `.gitattributes` of the checkout.
    ///
    /// - Parameter path: A path, whether there is a file or not.
    /// - Returns: Whether its filter is `lfs`.
    /// - Throws: `GitError` where the attributes cannot be read.
    public func isLargeFile(_ path: RelativePath) throws(GitError) -> Bool {
        var value: UnsafePointer<CChar>?
        try git(
            "reading .gitattributes",
            git_attr_get(&value, handle.pointer, UInt32(GIT_ATTR_CHECK_FILE_THEN_INDEX), path.text, "filter"))
        return value.map { String(cString: $0) == "lfs" } ?? false
    }
}
