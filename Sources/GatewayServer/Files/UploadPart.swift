import FoundationEssentials
import Glibc
import NIOCore
import QueueProtocol
import StudioCore
import StudioSystem
import Synchronization

/// The bytes of an upload that have come so far: a file below `05_Cache/uploads/`, which Git ignores, on the same file
/// system as its later place. Locked while somebody writes to it. All of this blocks.
final class UploadPart: Sendable {
    /// The folder of unfinished uploads.
    static let folder = "05_Cache/uploads"
    /// How the names of uploads end.
    static let partSuffix = ".part"
    /// How the names of files end that an upload has taken the place of.
    static let replacedSuffix = ".replaced"

    /// The file of an upload, open and not yet locked.
    struct Opened: ~Copyable {
        fileprivate let directory: SafeDirectory
        fileprivate let path: RelativePath
        fileprivate let file: OwnedDescriptor
    }

    private struct State: ~Copyable {
        let file: OwnedDescriptor
        var size: Int64
        /// Nil where the file was begun by an earlier request: then it is hashed at its end.
        var hasher: SHA256Hasher?
    }

    let directory: SafeDirectory
    /// Where the bytes lie until the file is in its place.
    let path: RelativePath
    private let state: Mutex<State>

    /// Opens the part of an upload.
    ///
    /// - Parameters:
    ///   - key: Names the upload; the same key finds the same part.
    ///   - directory: The project's folder.
    ///   - fresh: Whether to throw away what came before.
    /// - Throws: `StudioError` with code `conflict` where another request is writing it, or has just finished it;
    ///   `FileError`.
    convenience init(key: String, in directory: SafeDirectory, fresh: Bool) throws {
        try self.init(locking: Self.open(key: key, in: directory), fresh: fresh)
    }

    /// Opens the file of an upload, and makes it where there is none.
    static func open(key: String, in directory: SafeDirectory) throws -> Opened {
        let folder = try RelativePath(Self.folder)
        try directory.makeDirectories(folder)
        removeStale(in: try directory.directory(folder))
        let path = try path(of: key)
        let file = OwnedDescriptor(
            owning: try directory.inParent(of: path) { parent, name in
                openat(parent, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
            })
        guard file.raw >= 0 else { throw FileError(errno: errno, "opening", path.text) }
        return Opened(directory: directory, path: path, file: file)
    }

    /// Takes an opened file for one's own.
    ///
    /// - Parameters:
    ///   - opened: The file.
    ///   - fresh: Whether to throw away what came before.
    /// - Throws: As ``init(key:in:fresh:)``.
    init(locking opened: consuming Opened, fresh: Bool) throws {
        let file = opened.file.raw
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw StudioError(.conflict, "another request is uploading this file just now", retryAfterSeconds: 1)
        }
        // Between the opening and the locking whoever held it may have put it in its place, where it is somebody's file and
        // no upload any more, or have removed it.
        let status = try FileStatus(descriptor: file, path: opened.path.text)
        guard try opened.directory.status(of: opened.path)?.isSameFile(as: status) == true else {
            throw StudioError(
                .conflict, "another request has finished or given up this upload just now", retryAfterSeconds: 1)
        }
        if fresh, ftruncate(file, 0) != 0 { throw FileError(errno: errno, "writing", opened.path.text) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0 else { throw FileError(errno: errno, "reading", opened.path.text) }
        directory = opened.directory
        path = opened.path
        state = Mutex(State(file: opened.file, size: Int64(size), hasher: size == 0 ? SHA256Hasher() : nil))
    }

    /// How many bytes of an upload have come; 0 where there is none.
    static func size(key: String, in directory: SafeDirectory) throws -> Int64 {
        try directory.status(of: path(of: key))?.size ?? 0
    }

    private static func path(of key: String) throws -> RelativePath {
        try RelativePath(folder).appending(SHA256.hex(of: Data(key.utf8)) + partSuffix)
    }

    /// How many bytes have come.
    var size: Int64 { state.withLock { $0.size } }

    /// Appends bytes and hashes them on the way.
    ///
    /// - Throws: `FileError`, `storageFull` where no space is left.
    func append(_ bytes: ByteBuffer) throws {
        try state.withLock { state in
            try bytes.withUnsafeReadableBytes { buffer in
                try FileBytes.write(buffer, to: state.file.raw, path: path.text)
                state.hasher?.update(buffer)
            }
            state.size += Int64(bytes.readableBytes)
        }
    }

    /// Brings the file to the disk.
    ///
    /// - Parameter check: Called for every MiB where the file has to be read; what it throws ends the reading.
    /// - Returns: The SHA-256 of the whole.
    /// - Throws: `FileError`, or what `check` throws.
    func finish(check: () throws -> Void = {}) throws -> SHA256Digest {
        try state.withLock { state in
            guard fsync(state.file.raw) == 0 else { throw FileError(errno: errno, "writing", path.text) }
            if let digest = state.hasher?.finish() { return digest }
            return try Self.digest(of: state.file.raw, path: path.text, check)
        }
    }

    /// What the file system says of the file, wherever it lies now.
    func status() throws(FileError) -> FileStatus {
        try state.withLock { state throws(FileError) in
            try FileStatus(descriptor: state.file.raw, path: path.text)
        }
    }

    /// Whether the upload still has its name: 05_Cache may be emptied at any time.
    func isThere() throws -> Bool { try directory.status(of: path)?.isSameFile(as: status()) == true }

    /// Throws away what has come.
    func discard() {
        guard (try? isThere()) == true else { return }
        _ = try? directory.remove(path)
    }

    private static func digest(of file: CInt, path: String, _ check: () throws -> Void) throws -> SHA256Digest {
        guard lseek(file, 0, SEEK_SET) == 0 else { throw FileError(errno: errno, "reading", path) }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: FileBytes.bufferSize)
        while true {
            try check()
            let count = try buffer.withUnsafeMutableBytes { try FileBytes.read(from: file, into: $0, path: path) }
            if count == 0 { return hasher.finish() }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
