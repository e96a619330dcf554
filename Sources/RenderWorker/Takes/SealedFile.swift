import Glibc
import StudioSystem

/// A file made read-only, hashed, and on the disk.
enum SealedFile {
    /// Seals a file. Blocks.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - permissions: Its permission bits from now on; default read-only.
    /// - Returns: What it holds.
    /// - Throws: `FileError`.
    static func seal(_ path: String, permissions: UInt16 = 0o444) throws -> FileHash {
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", path) }
        let file = OwnedDescriptor(owning: opened)
        guard fchmod(file.raw, mode_t(permissions)) == 0 else { throw FileError(errno: errno, "finishing", path) }
        let content = try FileHash(file: path)
        guard fsync(file.raw) == 0 else { throw FileError(errno: errno, "writing", path) }
        return content
    }
}
