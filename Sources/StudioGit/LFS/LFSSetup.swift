import CGit2
import Glibc
import StudioSystem

/// What `git lfs install --local` (git-lfs 3) does to a repository: filters in its configuration and four hooks.
enum LFSSetup {
    static let configuration = [
        ("lfs.repositoryformatversion", "0"),
        ("filter.lfs.clean", "git-lfs clean -- %f"),
        ("filter.lfs.smudge", "git-lfs smudge -- %f"),
        ("filter.lfs.process", "git-lfs filter-process"),
        ("filter.lfs.required", "true"),
    ]

    static let hooks = ["pre-push", "post-checkout", "post-commit", "post-merge"]

    /// A hook as git-lfs writes it.
    static func hook(_ name: String) -> String {
        #"""
        #!/bin/sh
        command -v git-lfs >/dev/null 2>&1 || { echo >&2 "\nThis repository is configured for Git LFS but 'git-lfs' was not found on your path. If you no longer wish to use Git LFS, remove this hook by deleting '.git/hooks/\#(name)'.\n"; exit 2; }
        git lfs \#(name) "$@"

        """#
    }
}

extension GitRepository {
    /// Sets the repository up for git-lfs as `git lfs install --local` would, so that people's own `git` works in it. What
    /// is set up already stays; a person's own hook is left alone. Blocks.
    ///
    /// - Returns: The names of hooks that are a person's own and do not call git-lfs: without them `git push` does not
    ///   send large files.
    /// - Throws: `GitError` where the configuration or a hook cannot be written.
    @discardableResult
    public func installLFS() throws(GitError) -> [String] {
        try GitError.translating {
            try configureLFS()
            let folder = "\(commonDirectory)hooks"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw FileError(errno: errno, "making", folder) }
            var left: [String] = []
            for name in LFSSetup.hooks where try !installHook(name, in: folder) { left.append(name) }
            return left
        }
    }

    private func configureLFS() throws(GitError) {
        let config = try GitHandle("reading the configuration", free: git_config_free) {
            git_repository_config(&$0, handle.pointer)
        }
        for (name, value) in LFSSetup.configuration {
            var buffer = git_buf()
            defer { git_buf_dispose(&buffer) }
            if git_config_get_string_buf(&buffer, config.pointer, name) == 0 { continue }
            git_error_clear()
            try git("writing the configuration", git_config_set_string(config.pointer, name, value))
        }
    }

    /// False where a person's own hook is there that does not call git-lfs.
    private func installHook(_ name: String, in folder: String) throws -> Bool {
        let path = "\(folder)/\(name)"
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        if opened >= 0 {
            let file = OwnedDescriptor(owning: opened)
            let bytes = try FileBytes.contents(of: file.raw, path: path, atMost: 1 << 20)
            return String(decoding: bytes, as: UTF8.self).contains("git lfs \(name)")
        }
        guard errno == ENOENT else { throw FileError(errno: errno, "reading", path) }
        try DurableFile.write(LFSSetup.hook(name).utf8, to: FileDestination(path: path), permissions: 0o755)
        return true
    }
}
