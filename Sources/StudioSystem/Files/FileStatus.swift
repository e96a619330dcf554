package import Glibc

/// What the file system says about a file: its kind, size, times and identity.
public struct FileStatus: Hashable, Sendable {
    /// The kinds of things a path can name.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A folder.
        case directory
        /// A symbolic link, not followed.
        case symbolicLink
        /// A device, socket or pipe.
        case other
    }

    /// What it is.
    public let kind: Kind
    /// The length in bytes.
    public let size: Int64
    /// The permission bits.
    public let permissions: UInt16
    /// When the content last changed, seconds since 1970.
    public let modifiedSeconds: Int64
    /// The nanoseconds of that second.
    public let modifiedNanoseconds: Int64
    /// When content, name or permissions last changed, seconds since 1970.
    public let changedSeconds: Int64
    /// The nanoseconds of that second.
    public let changedNanoseconds: Int64
    /// The file system's number.
    public let device: UInt64
    /// The file's number on it. With ``device``: which file it is, whatever its names.
    public let inode: UInt64
    /// How many names the file has.
    public let linkCount: UInt64
    /// The owner's number.
    public let owner: UInt32
    /// The owning group's number.
    public let group: UInt32

    package init(_ raw: stat) {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int64(raw.st_size)
        permissions = UInt16(truncatingIfNeeded: raw.st_mode & 0o7777)
        modifiedSeconds = Int64(raw.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(raw.st_mtim.tv_nsec)
        changedSeconds = Int64(raw.st_ctim.tv_sec)
        changedNanoseconds = Int64(raw.st_ctim.tv_nsec)
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        linkCount = UInt64(raw.st_nlink)
        owner = raw.st_uid
        group = raw.st_gid
    }

    /// Asks about a path of the program's own, without following a symbolic link in the last place. Blocks.
    ///
    /// - Parameter path: An absolute path.
    /// - Throws: `FileError`, `notFound` where there is nothing.
    public init(path: String) throws(FileError) {
        var raw = stat()
        guard lstat(path, &raw) == 0 else { throw FileError(errno: errno, "looking at", path) }
        self.init(raw)
    }

    /// Asks about an open file. Blocks.
    ///
    /// - Parameters:
    ///   - descriptor: The open file.
    ///   - path: Its path, for the error.
    /// - Throws: `FileError`.
    public init(descriptor: CInt, path: String) throws(FileError) {
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else { throw FileError(errno: errno, "looking at", path) }
        self.init(raw)
    }

    /// Whether both are about the same file.
    ///
    /// - Parameter other: The status of a path or an open file.
    /// - Returns: Whether device and inode are the same.
    public func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}
