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

    /// A file that has a name elsewhere, which is to get a second one here. The open file stays the caller's.
    init(_ destination: consuming FileDestination, secondNameOf file: CInt) throws(FileError) {
        let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw FileError(errno: errno, "linking", destination.path) }
        self.file = OwnedDescriptor(owning: copy)
        hiddenName = nil
        self.destination = destination
    }

    deinit {
        if let hiddenName { unlinkat(destination.parent.raw, hiddenName, 0) }
    }

    /// The open file.
    package var descriptor: CInt { file.raw }

    /// Puts the file in its place in one step, replacing what is there.
    package mutating func putReplacing() throws(FileError) {
        let hidden = try named()
        guard renameat(hidden.folder, hidden.name, hidden.folder, destination.name) == 0 else {
            throw FileError(errno: errno, "replacing", destination.path)
        }
        hiddenName = nil
    }

    /// Puts the file in the place of one that holds just these bytes, in one step, or leaves what is there.
    ///
    /// - Parameters:
    ///   - old: What the file must hold that is replaced.
    ///   - exchanging: Whether the file system may be asked to exchange two names. One that cannot, such as NFS, leaves a
    ///     moment between the look at the old file and the renaming.
    /// - Throws: `FileError`, `changed` where the file holds something else or is gone.
    package mutating func put(inPlaceOf old: [UInt8], exchanging: Bool = true) throws(FileError) {
        let changed = FileError(
            .changed, message: "\(destination.name) was not replaced: somebody has changed it at the same moment",
            detail: destination.path)
        let hidden = try named()
        let exchange = FileExchange(
            place: .init(folder: hidden.folder, name: destination.name), aside: hidden, path: destination.path)
        do {
            switch exchanging ? try exchange.put(if: { try hidden.holds(old, exchange.path) }) : .unsupported {
            case .done:
                // The old file, by now.
                hidden.remove()
                hiddenName = nil
            case .unexpected: throw changed
            case .unsupported:
                guard try exchange.place.holds(old, destination.path) else { throw changed }
                try putReplacing()
            }
        } catch {
            // Somebody else's file stays, under that name, where the disk failed halfway.
            let own = try FileStatus(descriptor: file.raw, path: destination.path)
            if try hidden.status(destination.path)?.isSameFile(as: own) != true { hiddenName = nil }
            guard let error = error as? FileError else {
                throw FileError(.ioFailed, message: "replacing \(destination.name) failed", detail: "\(error)")
            }
            throw error.code == .notFound ? changed : error
        }
    }

    /// Puts the file in its place, unless something is there.
    ///
    /// Answers 0 or the error number, `EEXIST` where something is there; then it may be tried again.
    package mutating func putWithoutReplacing() -> Int32 {
        guard let hiddenName else { return destination.link(file.raw) }
        let parent = destination.parent.raw
        let failure = FileExchange.Name(folder: parent, name: hiddenName).move(
            to: .init(folder: parent, name: destination.name))
        if failure == 0 { self.hiddenName = nil }
        return failure
    }

    /// Gives the file a hidden name where it has none yet, since only a name can replace a name; 0 or the error number.
    mutating func giveName() -> Int32 {
        guard hiddenName == nil else { return 0 }
        let name = Self.newHiddenName()
        let parent = destination.parent.raw
        guard linkat(AT_FDCWD, "/proc/self/fd/\(file.raw)", parent, name, AT_SYMLINK_FOLLOW) == 0 else { return errno }
        hiddenName = name
        return 0
    }

    private mutating func named() throws(FileError) -> FileExchange.Name {
        let failure = giveName()
        guard failure == 0, let hiddenName else { throw FileError(errno: failure, "making", destination.path) }
        return .init(folder: destination.parent.raw, name: hiddenName)
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

    static func newHiddenName() -> String { ".studio-\(Hexadecimal.encode(SecureRandom.bytes(8))).partial" }
}
