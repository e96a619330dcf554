import CMedia
import Glibc

/// A regular file opened for libav's demuxers.
///
/// The demuxer sees bytes and no name: a file's format is told by its content alone, and a name with `%d` in it is not a
/// sequence. It cannot open further files either: playlists and references in untrusted media lead nowhere.
final class SourceFile {
    let name: String
    let size: Int64
    /// The `errno` of the first read that failed, 0 without one.
    private(set) var readError: Int32 = 0
    private(set) var context: UnsafeMutablePointer<AVIOContext>?
    private let descriptor: Int32

    /// - Throws: `inputUnreadable` where the file cannot be opened, `inputInvalid` where it is empty.
    init(path: String) throws {
        name = fileName(path)
        guard !path.utf8.contains(0) else { throw MediaError(.inputUnreadable, "The input's path holds a NUL.") }
        // O_NONBLOCK: opening a pipe must not wait for its writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw MediaError.system(errno, .inputUnreadable, "\(name) cannot be opened.") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw MediaError(.inputUnreadable, "\(name) is not a regular file.")
        }
        size = Int64(status.st_size)
        guard size > 0 else {
            close(descriptor)
            throw MediaError(.inputInvalid, "\(name) is empty.")
        }
    }

    deinit {
        if let context {
            av_free(context.pointee.buffer)
            var context: UnsafeMutablePointer<AVIOContext>? = context
            avio_context_free(&context)
        }
        close(descriptor)
    }

    /// Makes libav's view of the file, which must not outlive this object.
    func openStream() throws -> UnsafeMutablePointer<AVIOContext> {
        let capacity = 1 << 16
        guard let buffer = av_malloc(capacity) else {
            throw MediaError(.limitExceeded, "There is no memory for a file.")
        }
        let made = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Int32(capacity), 0, Unmanaged.passUnretained(self).toOpaque(),
            { opaque, bytes, count in
                guard let opaque, let bytes else { return cmedia_error(EINVAL) }
                return Unmanaged<SourceFile>.fromOpaque(opaque).takeUnretainedValue().read(bytes, count)
            }, nil,
            { opaque, offset, origin in
                guard let opaque else { return Int64(cmedia_error(EINVAL)) }
                return Unmanaged<SourceFile>.fromOpaque(opaque).takeUnretainedValue().seek(offset, origin)
            })
        guard let made else {
            av_free(buffer)
            throw MediaError(.limitExceeded, "There is no memory for a file.")
        }
        context = made
        return made
    }

    /// Whether a path leads to this same file.
    func isFile(at path: String) -> Bool {
        var mine = stat()
        var other = stat()
        return fstat(descriptor, &mine) == 0 && stat(path, &other) == 0 && mine.st_dev == other.st_dev
            && mine.st_ino == other.st_ino
    }

    /// The whole file, for pictures.
    func readAll(atMost limit: Int64) throws -> [UInt8] {
        guard size <= limit else {
            throw MediaError(.limitExceeded, "\(name) has \(size) bytes; at most \(limit) are allowed.")
        }
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            while filled < buffer.count, let base = buffer.baseAddress {
                let got = self.read(base + filled, Int32(clamping: buffer.count - filled))
                guard got > 0 else { break }
                filled += Int(got)
            }
            count = filled
        }
        guard readError == 0 else { throw MediaError.system(readError, .inputUnreadable, "\(name) cannot be read.") }
        return bytes
    }

    /// Some bytes of the file, whatever libav is reading; fewer where it ends before.
    func bytes(at offset: Int64, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + filled, count - filled, off_t(offset) + filled)
                guard got > 0 else {
                    if got < 0 && errno == EINTR { continue }
                    if got < 0 { readError = errno }
                    return
                }
                filled += got
            }
        }
    }

    private func read(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int32) -> Int32 {
        while true {
            let got = Glibc.read(descriptor, bytes, Int(count))
            if got > 0 { return Int32(got) }
            if got == 0 { return cmedia_error_end() }
            if errno != EINTR {
                readError = errno
                return cmedia_error(errno)
            }
        }
    }

    private func seek(_ offset: Int64, _ origin: Int32) -> Int64 {
        if origin & AVSEEK_SIZE != 0 { return size }
        let position = lseek(descriptor, Int(offset), origin & ~AVSEEK_FORCE)
        return position < 0 ? Int64(cmedia_error(errno)) : Int64(position)
    }
}
