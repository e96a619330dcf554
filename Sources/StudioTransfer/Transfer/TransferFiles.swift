import Glibc

/// A file that is sent.
final class UploadFile {
    private let raw: Int32
    /// Its bytes when it was opened: what the server is promised.
    let size: Int64

    init(_ path: String) throws(TransferError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else {
            throw TransferError(.fileFailed, "a file to be sent cannot be opened: \(systemText())")
        }
        raw = opened
        var status = stat()
        let isFile = fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = Int64(status.st_size)
        guard isFile else { throw TransferError(.fileFailed, "what is to be sent is no file") }
    }

    deinit { close(raw) }

    /// Reads what comes next.
    ///
    /// - Returns: How many bytes were read; 0 at the end.
    func read(_ room: UnsafeMutableRawBufferPointer) throws(TransferError) -> Int {
        while true {
            let count = Glibc.read(raw, room.baseAddress, room.count)
            if count >= 0 { return count }
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

    init(_ path: String) throws(TransferError) {
        self.path = path
        raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw TransferError(.fileFailed, "the file cannot be made: \(systemText())") }
    }

    deinit { if raw >= 0 { _ = Glibc.close(raw) } }

    func write(_ bytes: UnsafeRawBufferPointer, limit: Int64) throws(TransferError) {
        guard written + Int64(bytes.count) <= limit else {
            throw TransferError(.tooLarge, "the file would have more than \(limit) bytes")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = UnsafeRawBufferPointer(rebasing: rest).withMemoryRebound(to: UInt8.self) {
                Glibc.write(raw, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw TransferError(.fileFailed, "the file cannot be written: \(systemText())") }
            rest = rest.dropFirst(count)
            written += Int64(count)
        }
    }

    /// Ends it; some file systems tell only now that there was no room.
    func close() throws(TransferError) {
        let closed = Glibc.close(raw)
        raw = -1
        guard closed == 0 else {
            let text = systemText()
            unlink(path)
            throw TransferError(.fileFailed, "the file cannot be written: \(text)")
        }
    }

    /// Removes it.
    func discard() {
        if raw >= 0 { _ = Glibc.close(raw) }
        raw = -1
        unlink(path)
    }
}

/// What the system says about the last error.
private func systemText() -> String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }
