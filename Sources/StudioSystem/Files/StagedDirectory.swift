import CLinux
public import FoundationEssentials
import Glibc

/// A folder that is made beside its place and appears there whole, such as a new project.
///
/// A value that goes without having been published removes what was made; what a killed process left is removed by
/// ``removeLeftovers(in:unchangedFor:now:)``. Every call blocks on the file system.
public struct StagedDirectory: ~Copyable, Sendable {
    private static let prefix = ".studio-"
    private static let suffix = ".staged"

    /// The temporary folder's absolute path: fill this.
    public let path: String
    /// Where it will appear.
    public let final: String
    private var isPublished = false

    /// Makes the temporary folder beside the final one.
    ///
    /// - Parameter final: An absolute path; the folder above must exist.
    /// - Throws: `FileError`, `alreadyExists` where something is there already.
    public init(final: String) throws(FileError) {
        path = try Self.makeTemporary(beside: final)
        self.final = final
    }

    private static func makeTemporary(beside final: String) throws(FileError) -> String {
        if (try? FileStatus(path: final)) != nil { throw FileError(errno: EEXIST, "making", final) }
        let name = "\(prefix)\(Hexadecimal.encode(SecureRandom.bytes(8)))\(suffix)"
        let path = "\(FileBytes.folder(of: final))/\(name)"
        guard mkdir(path, 0o755) == 0 else { throw FileError(errno: errno, "making", path) }
        return path
    }

    deinit {
        if !isPublished { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Brings the folder with everything in it to the disk and renames it into its place.
    ///
    /// - Throws: `FileError`, `alreadyExists` where something is there by now; the temporary folder is removed then.
    public consuming func publish() throws(FileError) {
        try Self.publishDirectory(temporary: path, final: final)
        isPublished = true
    }

    /// Brings a folder with everything in it to the disk and renames it without replacing anything, so that a half-made
    /// one is never seen. Blocks.
    ///
    /// - Parameters:
    ///   - temporary: The finished folder, on the same file system.
    ///   - final: Its place.
    /// - Throws: `FileError`, `alreadyExists` where something is there; the temporary folder is left then.
    public static func publishDirectory(temporary: String, final: String) throws(FileError) {
        try sync(tree: temporary)
        let result = studio_rename_without_replacing(AT_FDCWD, temporary, AT_FDCWD, final)
        guard result == 0 else { throw FileError(errno: -result, "making", final) }
        try syncEntry(FileBytes.folder(of: final), isDirectory: true)
    }

    /// Removes temporary folders that killed processes left.
    ///
    /// - Parameters:
    ///   - directory: The folder in which they were made.
    ///   - age: How long one must have been unchanged, so that none is taken from a process at work; default an hour.
    ///   - now: The time; default the system's.
    /// - Returns: The names of those removed.
    /// - Throws: `FileError` where the folder cannot be read or a leftover cannot be removed.
    @discardableResult
    public static func removeLeftovers(
        in directory: String, unchangedFor age: Duration = .seconds(3600), now: Date = Date()
    ) throws(FileError) -> [String] {
        let oldest = now.timeIntervalSince1970 - Double(age.components.seconds)
        var removed: [String] = []
        for name in try entries(of: directory) where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            let path = "\(directory)/\(name)"
            guard let status = try? FileStatus(path: path), Double(status.modifiedSeconds) <= oldest else { continue }
            do { try FileManager.default.removeItem(atPath: path) } catch {
                throw FileError(.ioFailed, message: "removing \(name) failed", detail: "\(path): \(error)")
            }
            removed.append(name)
        }
        return removed
    }

    /// Brings a folder and everything below it to the disk, contents before the names that lead to them.
    private static func sync(tree path: String) throws(FileError) {
        for name in try entries(of: path) {
            let below = "\(path)/\(name)"
            switch try FileStatus(path: below).kind {
            case .directory: try sync(tree: below)
            case .file: try syncEntry(below, isDirectory: false)
            case .symbolicLink, .other: break
            }
        }
        try syncEntry(path, isDirectory: true)
    }

    private static func syncEntry(_ path: String, isDirectory: Bool) throws(FileError) {
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isDirectory ? O_DIRECTORY : 0))
        guard opened >= 0 else { throw FileError(errno: errno, "opening", path) }
        let descriptor = OwnedDescriptor(owning: opened)
        guard fsync(descriptor.raw) == 0 else { throw FileError(errno: errno, "writing", path) }
    }

    private static func entries(of path: String) throws(FileError) -> [String] {
        guard let stream = opendir(path) else { throw FileError(errno: errno, "reading the folder", path) }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw FileError(errno: errno, "reading the folder", path) }
        return names
    }
}

extension FileBytes {
    /// The path of the folder an absolute path lies in.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
