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
    /// How long an unfinished upload is kept after its last byte.
    static let keptFor: Double = 86_400

    private struct State: ~Copyable {
        let file: OwnedDescriptor
        var size: Int64
        /// Nil where the file was begun by an earlier request: then it is hashed at its end.
        var hasher: SHA256Hasher?
    }

    /// How the names of files end that an upload has taken the place of.
    static let replacedSuffix = ".replaced"

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
    /// - Throws: `StudioError` with code `conflict` where another request is writing it; `FileError`.
    init(key: String, in directory: SafeDirectory, fresh: Bool) throws {
        let folder = try RelativePath(Self.folder)
        try directory.makeDirectories(folder)
        Self.removeStale(in: directory.absolutePath(of: folder))
        let path = try folder.appending(SHA256.hex(of: Data(key.utf8)) + ".part")
        let opened = OwnedDescriptor(
            owning: try directory.inParent(of: path) { parent, name in
                openat(parent, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
            })
        guard opened.raw >= 0 else { throw FileError(errno: errno, "opening", path.text) }
        guard flock(opened.raw, LOCK_EX | LOCK_NB) == 0 else {
            throw StudioError(.conflict, "another request is uploading this file just now", retryAfterSeconds: 1)
        }
        if fresh, ftruncate(opened.raw, 0) != 0 { throw FileError(errno: errno, "writing", path.text) }
        let size = lseek(opened.raw, 0, SEEK_END)
        guard size >= 0 else { throw FileError(errno: errno, "reading", path.text) }
        self.directory = directory
        self.path = path
        state = Mutex(State(file: opened, size: Int64(size), hasher: size == 0 ? SHA256Hasher() : nil))
    }

    /// How many bytes of an upload have come; 0 where there is none.
    static func size(key: String, in directory: SafeDirectory) throws -> Int64 {
        let path = try RelativePath(folder).appending(SHA256.hex(of: Data(key.utf8)) + ".part")
        return try directory.status(of: path)?.size ?? 0
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
    /// - Returns: The SHA-256 of the whole.
    /// - Throws: `FileError`.
    func finish() throws -> SHA256Digest {
        try state.withLock { state in
            guard fsync(state.file.raw) == 0 else { throw FileError(errno: errno, "writing", path.text) }
            if let digest = state.hasher?.finish() { return digest }
            return try Self.digest(of: state.file.raw, path: path.text)
        }
    }

    /// What the file system says of the file, wherever it lies now.
    func status() throws(FileError) -> FileStatus {
        try state.withLock { state throws(FileError) in
            try FileStatus(descriptor: state.file.raw, path: path.text)
        }
    }

    /// Throws away what has come.
    func discard() {
        _ = try? directory.remove(path)
    }

    private static func digest(of file: CInt, path: String) throws -> SHA256Digest {
        guard lseek(file, 0, SEEK_SET) == 0 else { throw FileError(errno: errno, "reading", path) }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: FileBytes.bufferSize)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try FileBytes.read(from: file, into: $0, path: path) }
            if count == 0 { return hasher.finish() }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private static func removeStale(in folder: String) {
        let oldest = Int64(Date().timeIntervalSince1970 - keptFor)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(".part") || name.hasSuffix(replacedSuffix) {
            let path = "\(folder)/\(name)"
            // The time of the last change of any kind: a replaced file may be old, and came here just now.
            guard let status = try? FileStatus(path: path), status.kind == .file, status.changedSeconds < oldest else {
                continue
            }
            unlink(path)
        }
    }
}
