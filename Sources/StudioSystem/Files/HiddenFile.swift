import CLinux
import Glibc

/// An open file that is not in its place yet: without a name or, where the file system cannot do that, with a hidden one.
///
/// A value that goes without having been put in its place leaves nothing behind.
package struct HiddenFile: ~Copyable, Sendable {
    /// The place.
    let destination: FileDestination
    private let file: OwnedDescriptor
    /// The name it has meanwhile; nil while it has none.
    private var hiddenName: String?

    /// Makes an empty file.
    package init(
        _ destination: consuming FileDestination, permissions: UInt16, unnamed: Bool = true
    ) throws(FileError) {
        let made = try Self.make(destination, permissions: mode_t(permissions), unnamed: unnamed)
        file = OwnedDescriptor(owning: made.descriptor)
        hiddenName = made.hiddenName
        self.destination = destination
    }

    deinit {
        if let hiddenName { unlinkat(destination.parent.raw, hiddenName, 0) }
    }

    /// The open file.
    package var descriptor: CInt { file.raw }

    /// Puts the file in its place in one step, replacing what is there.
    package mutating func putReplacing() throws(FileError) {
        let parent = destination.parent.raw
        let hidden = hiddenName ?? Self.newHiddenName()
        if hiddenName == nil {
            // Only a name can replace a name.
            guard linkat(AT_FDCWD, "/proc/self/fd/\(file.raw)", parent, hidden, AT_SYMLINK_FOLLOW) == 0 else {
                throw FileError(errno: errno, "making", destination.path)
            }
            hiddenName = hidden
        }
        guard renameat(parent, hidden, parent, destination.name) == 0 else {
            throw FileError(errno: errno, "replacing", destination.path)
        }
        hiddenName = nil
    }

    /// Puts the file in its place, unless something is there.
    ///
    /// Answers 0 or the error number, `EEXIST` where something is there; then it may be tried again.
    package mutating func putWithoutReplacing() -> Int32 {
        guard let hidden = hiddenName else { return destination.link(file.raw) }
        let parent = destination.parent.raw
        let result = studio_rename_without_replacing(parent, hidden, parent, destination.name)
        if result == 0 {
            hiddenName = nil
            return 0
        }
        // Network file systems lack the flag; a hard link refuses as well, and the hidden name goes with this value.
        guard result == -EINVAL || result == -ENOSYS else { return -result }
        return linkat(parent, hidden, parent, destination.name, 0) == 0 ? 0 : errno
    }

    private static func make(
        _ destination: borrowing FileDestination, permissions: mode_t, unnamed: Bool
    ) throws(FileError) -> (descriptor: CInt, hiddenName: String?) {
        let parent = destination.parent.raw
        var hiddenName: String?
        var opened: CInt = -1
        var failure: Int32 = EOPNOTSUPP
        if unnamed {
            opened = openat(parent, ".", studio_O_TMPFILE | O_DIRECTORY | O_RDWR | O_CLOEXEC, permissions)
            failure = errno
        }
        // File systems that cannot make a file without a name say so in three ways.
        if opened < 0 && [EOPNOTSUPP, EISDIR, EINVAL].contains(failure) {
            let name = newHiddenName()
            opened = openat(parent, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, permissions)
            failure = errno
            hiddenName = name
        }
        guard opened >= 0 else { throw FileError(errno: failure, "making", destination.path) }
        // The umask was taken off above.
        guard fchmod(opened, permissions) == 0 else {
            failure = errno
            close(opened)
            if let hiddenName { unlinkat(parent, hiddenName, 0) }
            throw FileError(errno: failure, "making", destination.path)
        }
        return (opened, hiddenName)
    }

    private static func newHiddenName() -> String { ".studio-\(Hexadecimal.encode(SecureRandom.bytes(8))).partial" }
}
