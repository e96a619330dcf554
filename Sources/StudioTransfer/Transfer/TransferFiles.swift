import Glibc
import StudioSystem

/// A file that is sent.
final class UploadFile {
    private let raw: Int32
    /// Its bytes when it was opened: what the server is promised.
    let size: Int64
    private var left: Int64

    /// - Parameters:
    ///   - path: The file.
    ///   - start: Where it begins to be read; default at its first byte.
    ///   - count: How much of it is read; nil, the default, is all that it has from there on.
    /// - Throws: `TransferError` where it is no file that can be read, or shorter than that.
    init(_ path: String, from start: Int64 = 0, count: Int64? = nil) throws(TransferError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else {
            throw TransferError(.fileFailed, "a file to be sent cannot be opened: \(systemText())")
        }
        raw = opened
        var status = stat()
        let isFile = fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let there = max(0, Int64(status.st_size) - start)
        size = count ?? there
        left = size
        guard isFile else { throw TransferError(.fileFailed, "what is to be sent is no file") }
        guard size <= there, start == 0 || lseek(opened, off_t(start), SEEK_SET) == off_t(start) else {
            throw TransferError(.fileFailed, "a file to be sent is shorter than what is to be sent of it")
        }
    }

    deinit { close(raw) }

    /// Reads what comes next.
    ///
    /// - Returns: How many bytes were read; 0 at the end.
    func read(_ room: UnsafeMutableRawBufferPointer) throws(TransferError) -> Int {
        let most = Int(min(Int64(room.count), left))
        while true {
            let count = Glibc.read(raw, room.baseAddress, most)
            if count >= 0 {
                left -= Int64(count)
                return count
            }
            guard errno == EINTR else {
                throw TransferError(.fileFailed, "a file to be sent cannot be read: \(systemText())")
            }
        }
    }
}

/// A file that is received: made new, for its owner only.
final class DownloadFile {
    private let path: String
    private var raw: Int32
    private var written: Int64 = 0
    private var hasher = SHA256Hasher()
    /// What it holds, once it is closed.
    private(set) var content: FileHash?

    init(_ path: String) throws(TransferError) {
        self.path = path
        raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else {
            let number = errno
            throw TransferError(
                [ENOSPC, EDQUOT].contains(number) ? .storageFull : .fileFailed,
                "the file cannot be made: \(systemText(number))")
        }
    }

    deinit { if raw >= 0 { _ = Glibc.close(raw) } }

    func write(_ bytes: UnsafeRawBufferPointer, limit: Int64) throws(TransferError) {
        guard written + Int64(bytes.count) <= limit else {
            throw TransferError(.tooLarge, "the file would have more than \(limit) bytes")
        }
        hasher.update(bytes)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = UnsafeRawBufferPointer(rebasing: rest).withMemoryRebound(to: UInt8.self) {
                Glibc.write(raw, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.notWritten(errno) }
            rest = rest.dropFirst(count)
            written += Int64(count)
        }
    }

    /// Ends it; some file systems tell only now that there was no room.
    func close() throws(TransferError) {
        let failure = Glibc.close(raw) == 0 ? nil : errno
        raw = -1
        content = FileHash(digest: hasher.finish(), size: written)
        if let failure {
            unlink(path)
            throw Self.notWritten(failure)
        }
    }

    private static func notWritten(_ number: Int32) -> TransferError {
        TransferError(
            [ENOSPC, EDQUOT, EFBIG].contains(number) ? .storageFull : .fileFailed,
            "the file cannot be written: \(systemText(number))")
    }

    /// Removes it.
    func discard() {
        if raw >= 0 { _ = Glibc.close(raw) }
        raw = -1
        unlink(path)
    }
}

/// What the system says about an error; default the last one.
private func systemText(_ number: Int32 = errno) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}
