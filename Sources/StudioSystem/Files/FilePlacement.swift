import CLinux
import Glibc

/// How a file got its second place.
public enum FilePlacement: String, Hashable, Sendable {
    /// Both files share their blocks until one is changed: no time, no space.
    case reflink
    /// One file with two names: no time, no space, but a change through one name is seen through the other.
    case hardLink = "hard-link"
    /// The bytes are there twice.
    case copy

    /// Gives a finished file a second place, without replacing anything there: by reflink, else by hard link, else by copy.
    ///
    /// The content is on the disk when this returns. Blocks; a copy takes its time, the others do not.
    ///
    /// - Parameters:
    ///   - source: The path of a regular file that nobody is writing any more; a symbolic link is refused.
    ///   - destination: The second place.
    ///   - permissions: The permission bits there (and, with a hard link, at the source as well, for it is one file);
    ///     nil, the default, keeps the source's.
    ///   - hardLinks: False where someone may change one of the two files in place: then it is copied instead. Default true.
    ///   - check: Called for every 64 MiB that are copied; what it throws ends the copy and nothing is left behind.
    /// - Returns: Which of the three it was.
    /// - Throws: `FileError`, `alreadyExists` where something is there; or what `check` throws.
    public static func placeWithoutReplacing(
        source: String, destination: consuming FileDestination, permissions: UInt16? = nil, hardLinks: Bool = true,
        check: () throws -> Void = {}
    ) throws -> FilePlacement {
        let opened = Glibc.open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", source) }
        return try placeWithoutReplacing(
            open: OwnedDescriptor(owning: opened), source: source, destination: destination, permissions: permissions,
            allowed: hardLinks ? [.reflink, .hardLink, .copy] : [.reflink, .copy], check: check)
    }

    /// Gives a finished file a second place, in one step in the place of a file that holds known bytes: until then that one
    /// is there, and where this throws it stays.
    ///
    /// The content is on the disk when this returns. Blocks; a copy takes its time, the others do not.
    ///
    /// - Parameters:
    ///   - source: The path of a regular file that nobody is writing any more; a symbolic link is refused.
    ///   - destination: The second place.
    ///   - old: What the file there must hold.
    ///   - permissions: The permission bits there (and, with a hard link, at the source as well, for it is one file);
    ///     nil, the default, keeps the source's.
    ///   - hardLinks: False where someone may change one of the two files in place: then it is copied instead. Default true.
    /// - Returns: Which of the three it was.
    /// - Throws: `FileError`, `changed` where the file there holds something else or is gone.
    public static func place(
        source: String, destination: consuming FileDestination, inPlaceOf old: [UInt8], permissions: UInt16? = nil,
        hardLinks: Bool = true
    ) throws -> FilePlacement {
        let opened = Glibc.open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", source) }
        return try placeWithoutReplacing(
            open: OwnedDescriptor(owning: opened), source: source, destination: destination, permissions: permissions,
            allowed: hardLinks ? [.reflink, .hardLink, .copy] : [.reflink, .copy], inPlaceOf: old, check: {})
    }

    package static func placeWithoutReplacing(
        open source: consuming OwnedDescriptor, source path: String, destination: consuming FileDestination,
        permissions: UInt16?, allowed: Set<FilePlacement>, inPlaceOf old: [UInt8]? = nil, check: () throws -> Void
    ) throws -> FilePlacement {
        let status = try FileStatus(descriptor: source.raw, path: path)
        guard status.kind == .file else { throw FileError(.notFound, message: "it is not a file", detail: path) }
        // Cheaper than to find out at the end of a copy; publishing still decides.
        if old == nil, try destination.status() != nil { throw FileError(errno: EEXIST, "making", destination.path) }

        let permissions = permissions ?? status.permissions
        let name = destination.path
        let file = try DurableFile(destination, permissions: permissions)
        if allowed.contains(.reflink) {
            let result = studio_reflink(file.descriptor, source.raw)
            if result == 0 {
                try publish(file, inPlaceOf: old)
                return .reflink
            }
            guard Self.meansCannotShare(result) else { throw FileError(errno: -result, "making", name) }
        }
        if allowed.contains(.hardLink) {
            let result =
                -(try file.publish(
                    insteadOfThis: source.raw, path: path, permissions: permissions, inPlaceOf: old))
            if result == 0 { return .hardLink }
            guard Self.meansCannotShare(result) else { throw FileError(errno: -result, "making", name) }
        }
        try FileBytes.copy(from: source.raw, to: file.descriptor, path: name, check: check)
        try publish(file, inPlaceOf: old)
        return .copy
    }

    private static func publish(_ file: consuming DurableFile, inPlaceOf old: [UInt8]?) throws(FileError) {
        if let old { try file.publish(inPlaceOf: old) } else { try file.publish() }
    }

    /// Other file system, a file system without such links, too many links, or links to others' files not allowed.
    private static func meansCannotShare(_ result: CInt) -> Bool {
        [EXDEV, EOPNOTSUPP, ENOTTY, ENOSYS, EINVAL, EPERM, EMLINK].contains(-result)
    }
}
