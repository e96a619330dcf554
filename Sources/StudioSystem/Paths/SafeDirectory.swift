import CLinux
import Glibc

/// A folder below which every path from outside is resolved, such as a project's.
///
/// A symbolic link may point to another place in the folder; one that leads out of it is refused when the path is opened,
/// by the kernel, so that nobody can swap a link in between. Where the kernel has no `openat2` (before 5.6, or hidden by a
/// container's seccomp profile) every symbolic link is refused instead. All calls block on the file system.
public final class SafeDirectory: Sendable {
    /// How paths are resolved.
    package enum Resolution: Sendable {
        /// `openat2`, and component by component where the kernel lacks it.
        case kernel
        /// Component by component, no symbolic link followed.
        case components
    }

    /// The folder's path as it was given.
    public let path: String
    package let descriptor: OwnedDescriptor
    let resolution: Resolution

    /// Opens a folder of the program's own.
    ///
    /// - Parameter path: Its path; symbolic links in it are followed, it is trusted.
    /// - Throws: `FileError`, `notFound` where there is no such folder.
    public convenience init(_ path: String) throws(FileError) {
        try self.init(path, resolution: .kernel)
    }

    package init(_ path: String, resolution: Resolution) throws(FileError) {
        self.path = path
        self.resolution = resolution
        let opened = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", path) }
        descriptor = OwnedDescriptor(owning: opened)
    }

    /// The absolute path of something in the folder, for messages and for libraries that open files by path themselves.
    ///
    /// Nothing is checked: use ``verifiedPath(of:)`` where the path came from outside.
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: Both joined by a slash.
    public func absolutePath(of path: RelativePath) -> String { "\(self.path)/\(path.text)" }

    /// The absolute path of a file or folder that exists and does not lead out, for libraries that open by path.
    ///
    /// The check is of now: someone who changes links in the folder at the very moment can still lead the library
    /// elsewhere. Prefer ``open(_:)``.
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: The absolute path.
    /// - Throws: `PathError` where it leads out, `FileError` where it cannot be opened.
    public func verifiedPath(of path: RelativePath) throws -> String {
        _ = try resolve(path, flags: studio_O_PATH)
        return absolutePath(of: path)
    }

    /// Opens a regular file for reading.
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: The open file.
    /// - Throws: `PathError` where it leads out, `FileError` where it is missing, no regular file, or not readable.
    public func open(_ path: RelativePath) throws -> OwnedDescriptor {
        // O_NONBLOCK: opening a pipe that lies in the place of a file must not wait for a writer.
        let file = try resolve(path, flags: O_RDONLY | O_NONBLOCK)
        guard try FileStatus(descriptor: file.raw, path: absolutePath(of: path)).kind == .file else {
            throw FileError(.notFound, message: "\(path.name) is not a file", detail: absolutePath(of: path))
        }
        return file
    }

    /// Holds a socket, so that it can be connected to by its descriptor whatever becomes of its name.
    ///
    /// - Parameter path: A path below the folder; a symbolic link in its last place is not followed.
    /// - Returns: A handle on the socket, neither readable nor writable: `/proc/self/fd/<it>` is its address.
    /// - Throws: `PathError` where it leads out, `FileError` where it is missing or no socket.
    public func socket(_ path: RelativePath) throws -> OwnedDescriptor {
        let found = try resolve(path, flags: studio_O_PATH | O_NOFOLLOW)
        var status = stat()
        guard fstat(found.raw, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw FileError(.notFound, message: "\(path.name) is not a socket", detail: absolutePath(of: path))
        }
        return found
    }

    /// Opens a folder in this one.
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: The folder, below which paths are resolved anew.
    /// - Throws: `PathError` where it leads out, `FileError` where it is missing or no folder.
    public func directory(_ path: RelativePath) throws -> SafeDirectory {
        let opened = try resolve(path, flags: O_RDONLY | O_DIRECTORY)
        return SafeDirectory(owning: opened, path: absolutePath(of: path), resolution: resolution)
    }

    private init(owning descriptor: consuming OwnedDescriptor, path: String, resolution: Resolution) {
        self.path = path
        self.resolution = resolution
        self.descriptor = descriptor
    }

    /// Looks at what a path names, without following a symbolic link in the last place.
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: The status; nil where there is nothing.
    /// - Throws: `PathError` where it leads out, `FileError` where it cannot be looked at.
    public func status(of path: RelativePath) throws -> FileStatus? {
        do {
            let found = try resolve(path, flags: studio_O_PATH | O_NOFOLLOW)
            return try FileStatus(descriptor: found.raw, path: absolutePath(of: path))
        } catch let error as FileError where error.code == .notFound { return nil }
    }

    /// Makes a folder and those above it; one that is there is left as it is.
    ///
    /// - Parameters:
    ///   - path: A path below the folder.
    ///   - permissions: Of those that are made; the process' umask is taken off. Default 0755.
    /// - Throws: `PathError` where it leads out, `FileError`, `notFound` where a file lies in the way.
    public func makeDirectories(_ path: RelativePath, permissions: UInt16 = 0o755) throws {
        do {
            _ = try resolve(path, flags: studio_O_PATH | O_DIRECTORY)
            return
        } catch let error as FileError where error.code == .notFound {
            if let parent = path.parent { try makeDirectories(parent, permissions: permissions) }
        }
        let failure = try inParent(of: path) { parent, name in
            mkdirat(parent, name, mode_t(permissions)) == 0 || errno == EEXIST ? nil : errno
        }
        if let failure { throw FileError(errno: failure, "making the folder", absolutePath(of: path)) }
        // What was there in time must be a folder.
        _ = try resolve(path, flags: studio_O_PATH | O_DIRECTORY)
    }

    /// Removes a file or a symbolic link (not what it points to).
    ///
    /// - Parameter path: A path below the folder.
    /// - Returns: Whether there was one.
    /// - Throws: `PathError` where it leads out, `FileError` where it cannot be removed, such as a folder.
    @discardableResult
    public func remove(_ path: RelativePath) throws -> Bool {
        let failure: Int32?
        do { failure = try inParent(of: path) { unlinkat($0, $1, 0) == 0 ? nil : errno } } catch let error as FileError
            where error.code == .notFound
        { return false }
        guard let failure else { return true }
        if failure == ENOENT { return false }
        throw FileError(errno: failure, "removing", absolutePath(of: path))
    }

    /// Lends the folder that holds the path's last part, and that part's name.
    package func inParent<Result>(of path: RelativePath, _ body: (CInt, String) throws -> Result) throws -> Result {
        guard let parent = path.parent else { return try body(descriptor.raw, path.name) }
        let opened = try resolve(parent, flags: O_RDONLY | O_DIRECTORY)
        return try body(opened.raw, path.name)
    }
}
