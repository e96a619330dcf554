import Glibc

/// A file that appears whole or not at all.
///
/// It is written without a name (or, where the file system cannot do that, under a hidden one), brought to the disk, and
/// only then put in its place, with or without replacing what is there; then the folder is brought to the disk too. A
/// value that goes without having been published leaves nothing behind. Every call blocks on the file system.
public struct DurableFile: ~Copyable, Sendable {
    private var hidden: HiddenFile

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - destination: Where it will appear.
    ///   - permissions: Its permission bits, exactly; default 0644.
    /// - Throws: `FileError`.
    public init(_ destination: consuming FileDestination, permissions: UInt16 = 0o644) throws(FileError) {
        try self.init(destination, permissions: permissions, unnamed: true)
    }

    package init(
        _ destination: consuming FileDestination, permissions: UInt16, unnamed: Bool
    ) throws(FileError) {
        hidden = try HiddenFile(destination, permissions: permissions, unnamed: unnamed)
    }

    /// The open file, for calls that take a descriptor; valid as long as this value lives.
    public var descriptor: CInt { hidden.descriptor }

    /// Appends bytes.
    ///
    /// - Parameter bytes: What is written at the file's position.
    /// - Throws: `FileError`, `storageFull` where the disk, the quota or a limit is used up.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try FileBytes.write(bytes, to: hidden.descriptor, path: hidden.destination.path)
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: What is written at the file's position.
    /// - Throws: `FileError`, `storageFull` where the disk, the quota or a limit is used up.
    public mutating func write(_ bytes: some Sequence<UInt8>) throws(FileError) {
        try FileBytes.write(Array(bytes), to: hidden.descriptor, path: hidden.destination.path)
    }

    /// Brings the file to the disk and puts it in its place.
    ///
    /// - Parameter replacing: Whether a file that is there is replaced, in one step, so that readers see the old or the
    ///   new one; default false.
    /// - Returns: The status of the file in its place.
    /// - Throws: `FileError`, `alreadyExists` where something is there and `replacing` is false. Nothing is left behind.
    @discardableResult
    public consuming func publish(replacing: Bool = false) throws(FileError) -> FileStatus {
        let path = hidden.destination.path
        guard fsync(hidden.descriptor) == 0 else { throw FileError(errno: errno, "writing", path) }
        if replacing {
            try hidden.putReplacing()
            try hidden.destination.syncFolder()
        } else {
            let failure = hidden.putWithoutReplacing()
            guard failure == 0 else { throw FileError(errno: failure, "making", path) }
            do { try hidden.destination.syncFolder() } catch {
                // Not on the disk for certain: better not there at all, so that the same call can be made again.
                unlinkat(hidden.destination.parent.raw, hidden.destination.name, 0)
                throw error
            }
        }
        return try FileStatus(descriptor: hidden.descriptor, path: path)
    }

    /// Brings the file to the disk and puts it in the place of one that holds known bytes, in one step. What somebody has
    /// saved there since those bytes were read stays.
    ///
    /// A file system that cannot exchange two names, such as NFS, leaves a moment between the last look and the renaming.
    ///
    /// - Parameter old: What the file holds that is replaced.
    /// - Returns: The status of the new file in its place.
    /// - Throws: `FileError`, `changed` where the file holds something else or is gone. Nothing is left behind.
    @discardableResult
    public consuming func publish(inPlaceOf old: [UInt8]) throws(FileError) -> FileStatus {
        try publish(inPlaceOf: old, exchanging: true)
    }

    @discardableResult
    package consuming func publish(inPlaceOf old: [UInt8], exchanging: Bool) throws(FileError) -> FileStatus {
        let path = hidden.destination.path
        guard fsync(hidden.descriptor) == 0 else { throw FileError(errno: errno, "writing", path) }
        try hidden.put(inPlaceOf: old, exchanging: exchanging)
        try hidden.destination.syncFolder()
        return try FileStatus(descriptor: hidden.descriptor, path: path)
    }

    /// Puts another open file in the place, under a second name of its own, and not this one: in the place of one that
    /// holds known bytes, or of nothing where `old` is nil.
    ///
    /// Answers 0, or the error that says that it cannot be linked there; throws where something else is in the place.
    package borrowing func publish(
        insteadOfThis other: CInt, path: String, permissions: UInt16, inPlaceOf old: [UInt8]? = nil
    ) throws(FileError) -> Int32 {
        // The new name must not survive a power failure that the bytes do not survive.
        guard fsync(other) == 0 else {
            // What cannot be brought to a disk does not lie on one, and cannot be linked to one.
            if errno == EINVAL || errno == EROFS { return EXDEV }
            throw FileError(errno: errno, "writing", path)
        }
        if let old {
            var second = try HiddenFile(hidden.destination.again(), secondNameOf: other)
            let failure = second.giveName()
            guard failure == 0 else { return failure }
            guard fchmod(other, mode_t(permissions)) == 0 else { return errno }
            try second.put(inPlaceOf: old)
            try hidden.destination.syncFolder()
            return 0
        }
        let failure = hidden.destination.link(other)
        if failure == EEXIST { throw FileError(errno: failure, "making", hidden.destination.path) }
        guard failure == 0 else { return failure }
        guard fchmod(other, mode_t(permissions)) == 0 else {
            let number = errno
            unlinkat(hidden.destination.parent.raw, hidden.destination.name, 0)
            return number
        }
        try hidden.destination.syncFolder()
        return 0
    }

    /// Writes a whole file at once.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - destination: Where it appears.
    ///   - permissions: Its permission bits, exactly; default 0644.
    ///   - replacing: Whether a file that is there is replaced; default false.
    /// - Returns: The status of the file in its place.
    /// - Throws: `FileError`, `alreadyExists` where something is there and `replacing` is false. Nothing is left behind.
    @discardableResult
    public static func write(
        _ bytes: some Sequence<UInt8>, to destination: consuming FileDestination, permissions: UInt16 = 0o644,
        replacing: Bool = false
    ) throws(FileError) -> FileStatus {
        var file = try DurableFile(destination, permissions: permissions)
        try file.write(bytes)
        return try file.publish(replacing: replacing)
    }

    /// Writes a whole file at once, in the place of one that holds known bytes.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - destination: Where it appears.
    ///   - permissions: Its permission bits, exactly; default 0644.
    ///   - old: What the file holds that is replaced; nil where nothing may be there.
    /// - Returns: The status of the file in its place.
    /// - Throws: `FileError`, `changed` or `alreadyExists` where something else is there. Nothing is left behind.
    @discardableResult
    public static func write(
        _ bytes: some Sequence<UInt8>, to destination: consuming FileDestination, permissions: UInt16 = 0o644,
        inPlaceOf old: [UInt8]?
    ) throws(FileError) -> FileStatus {
        var file = try DurableFile(destination, permissions: permissions)
        try file.write(bytes)
        guard let old else { return try file.publish() }
        return try file.publish(inPlaceOf: old)
    }
}
