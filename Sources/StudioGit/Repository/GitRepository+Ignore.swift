import CGit2
import Glibc
public import StudioSystem

extension GitRepository {
    /// Whether `git status` passes over a path that is not tracked, by `.gitignore` or the repository's own rules. Blocks.
    ///
    /// - Parameter path: A path, whether there is a file or not.
    /// - Returns: Whether it is ignored.
    /// - Throws: `GitError` where the rules cannot be read.
    public func isIgnored(_ path: RelativePath) throws(GitError) -> Bool {
        var ignored: Int32 = 0
        try git("reading .gitignore", git_ignore_path_is_ignored(&ignored, handle.pointer, path.text))
        return ignored == 1
    }

    /// Adds a rule to `.git/info/exclude`, which holds in this checkout alone and is part of no commit; one that is there
    /// stays alone. Blocks.
    ///
    /// - Parameter pattern: A line as in `.gitignore`.
    /// - Throws: `GitError` where the file cannot be written.
    public func exclude(_ pattern: String) throws(GitError) {
        try GitError.translating {
            let folder = "\(commonDirectory)info"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw FileError(errno: errno, "making", folder) }
            let path = "\(folder)/exclude"
            var attempts = 3
            while true {
                let old = try Self.contents(of: path)
                var text = old.map { String(decoding: $0, as: UTF8.self) } ?? ""
                if text.split(separator: "\n").contains(where: { $0 == pattern }) { return }
                if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
                text += pattern + "\n"
                do {
                    try DurableFile.write(text.utf8, to: FileDestination(path: path), inPlaceOf: old)
                    return
                } catch let error as FileError where [.changed, .alreadyExists].contains(error.code) && attempts > 1 {
                    attempts -= 1
                }
            }
        }
    }

    private static func contents(of path: String) throws -> [UInt8]? {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            guard errno == ENOENT else { throw FileError(errno: errno, "reading", path) }
            return nil
        }
        let file = OwnedDescriptor(owning: opened)
        return try FileBytes.contents(of: file.raw, path: path, atMost: 1 << 20)
    }
}
