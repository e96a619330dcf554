import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import StudioCore

/// An open regular file, closed with its last reference. Reads happen on a thread pool, at positions, so that one open
/// file may be read by several.
final class OpenFile: Sendable {
    /// The file's size in bytes when it was opened.
    let size: Int64
    /// When its content last changed.
    let modified: Date
    private let descriptor: CInt
    private let threads: NIOThreadPool

    /// Takes ownership of a descriptor that is open for reading, also when it throws.
    ///
    /// Throws `not-found` where it is no regular file. `fstat` of an open file does not wait for a disk worth the name,
    /// so this may be called anywhere.
    init(owning descriptor: CInt, threads: NIOThreadPool = .singleton) throws(StudioError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw StudioError(.notFound, "there is no such file")
        }
        self.descriptor = descriptor
        self.threads = threads
        size = Int64(status.st_size)
        modified = Date(
            timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1_000_000_000)
    }

    deinit {
        close(descriptor)
    }

    /// Opens a file on the thread pool. The path must be one the program made: nothing is checked, but a symbolic link in
    /// the last place is refused.
    ///
    /// Throws `not-found` where there is none.
    static func open(path: String, threads: NIOThreadPool = .singleton) async throws -> OpenFile {
        try await threads.runIfActive {
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else {
                if errno == EMFILE || errno == ENFILE {
                    throw StudioError(.unavailable, "too many files are open; please try again", retryAfterSeconds: 1)
                }
                throw StudioError(.notFound, "there is no such file")
            }
            return try OpenFile(owning: descriptor, threads: threads)
        }
    }

    /// The next bytes at a position: 1…`length` of them.
    ///
    /// Throws `internal-error` where the file ends before: it was cut since it was opened.
    func read(at offset: Int64, length: Int) async throws -> ByteBuffer {
        try await threads.runIfActive { [self] in
            var buffer = ByteBufferAllocator().buffer(capacity: length)
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes in
                while true {
                    let count = pread(descriptor, bytes.baseAddress, length, off_t(offset))
                    if count > 0 { return count }
                    guard count < 0, errno == EINTR else {
                        throw StudioError(.internalFault, "the file could not be read to its end")
                    }
                }
            }
            _ = count
            return buffer
        }
    }
}
