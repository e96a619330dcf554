import CLinux
import Glibc

/// A name in an open folder: where a file is going to appear.
///
/// The folder is held open, so that what happens to the path above it meanwhile cannot lead the file elsewhere.
public struct FileDestination: ~Copyable, Sendable {
    let parent: OwnedDescriptor
    let name: String
    /// The whole path, for messages.
    public let path: String

    /// A place the program chose itself. Blocks.
    ///
    /// - Parameter path: An absolute path; its folder must exist, symbolic links in it are followed.
    /// - Throws: `FileError`, `notFound` where the folder is missing.
    public init(path: String) throws(FileError) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.utf8.indices.last else {
            throw FileError(.notFound, message: "a file needs an absolute path", detail: path)
        }
        let folder = path[..<slash]
        let opened = Glibc.open(folder.isEmpty ? "/" : String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", String(folder)) }
        parent = OwnedDescriptor(owning: opened)
        name = String(path[path.utf8.index(after: slash)...])
        self.path = path
    }

    /// A place that came from outside. Blocks.
    ///
    /// - Parameters:
    ///   - directory: The folder it may not lead out of.
    ///   - path: The path below; its folder must exist.
    /// - Throws: `PathError` where it leads out, `FileError`, `notFound` where the folder is missing.
    public init(in directory: SafeDirectory, at path: RelativePath) throws {
        if let above = path.parent {
            parent = try directory.resolve(above, flags: O_RDONLY | O_DIRECTORY)
        } else {
            let copy = fcntl(directory.descriptor.raw, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { throw FileError(errno: errno, "opening", directory.path) }
            parent = OwnedDescriptor(owning: copy)
        }
        name = path.name
        self.path = directory.absolutePath(of: path)
    }

    private init(parent: consuming OwnedDescriptor, name: String, path: String) {
        self.parent = parent
        self.name = name
        self.path = path
    }

    /// The same place once more.
    borrowing func again() throws(FileError) -> FileDestination {
        let copy = fcntl(parent.raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw FileError(errno: errno, "opening the folder of", path) }
        return FileDestination(parent: OwnedDescriptor(owning: copy), name: name, path: path)
    }

    /// The status of what is there; nil where there is nothing. Blocks.
    ///
    /// - Returns: The status; a symbolic link is not followed.
    /// - Throws: `FileError` where it cannot be looked at.
    public borrowing func status() throws(FileError) -> FileStatus? {
        var found = stat()
        if fstatat(parent.raw, name, &found, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(found) }
        guard errno == ENOENT else { throw FileError(errno: errno, "looking at", path) }
        return nil
    }

    /// Puts an open file without a name, or with another, here; refuses where something is.
    borrowing func link(_ file: CInt) -> Int32 {
        // The link in /proc names the open file itself, whatever its path leads to by now. AT_EMPTY_PATH would do the
        // same, for the superuser only.
        let done = linkat(AT_FDCWD, "/proc/self/fd/\(file)", parent.raw, name, AT_SYMLINK_FOLLOW)
        return done == 0 ? 0 : errno
    }

    /// Makes the folder's present entries survive a power failure.
    borrowing func syncFolder() throws(FileError) {
        guard fsync(parent.raw) == 0 else { throw FileError(errno: errno, "writing the folder of", path) }
    }
}
