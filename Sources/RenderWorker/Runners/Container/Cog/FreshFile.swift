import Glibc
import StudioSystem

/// Files of a worker's own that were not there before.
enum FreshFile {
    /// Makes a file, empty, for its owner only. Blocks.
    ///
    /// - Parameter path: Its absolute path.
    /// - Returns: The file, open for writing.
    /// - Throws: `FileError`, also where something is there already.
    static func open(_ path: String) throws(FileError) -> OwnedDescriptor {
        let opened = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw FileError(errno: errno, "making", path) }
        return OwnedDescriptor(owning: opened)
    }
}
