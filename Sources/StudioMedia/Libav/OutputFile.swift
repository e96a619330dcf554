import Glibc

/// An output path with the promise that nothing half-made stays there.
///
/// A regular file or symbolic link at the path is unlinked first, never written through: it may share its inode with
/// something immutable. The new file is removed again unless `keep()` was called. A device at the path is written to and
/// never removed.
final class OutputFile {
    let path: String
    private let isOurs: Bool
    private var isKept = false

    init(path: String) throws {
        self.path = path
        guard !path.utf8.contains(0) else { throw MediaError(.outputFailed, "The output's path holds a NUL.") }
        var status = stat()
        if lstat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFREG, S_IFLNK:
                guard unlink(path) == 0 else {
                    throw MediaError.system(errno, .outputFailed, "\(fileName(path)) cannot be replaced.")
                }
            case S_IFCHR:
                isOurs = false
                return
            default:
                throw MediaError(.outputFailed, "\(fileName(path)) is there already and is not a file.")
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw MediaError.system(errno, .outputFailed, "\(fileName(path)) cannot be made.")
        }
        close(descriptor)
        isOurs = true
    }

    deinit { if isOurs && !isKept { unlink(path) } }

    /// The output is complete and stays.
    func keep() { isKept = true }

    /// Writes the whole content of a small output.
    func write(_ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw MediaError.system(errno, .outputFailed, "\(fileName(path)) cannot be written.")
        }
        var failure: Int32 = 0
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty, failure == 0 {
                let put = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if put >= 0 { rest = rest.dropFirst(put) } else if errno != EINTR { failure = errno }
            }
        }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        guard failure == 0 else {
            throw MediaError.system(failure, .outputFailed, "\(fileName(path)) cannot be written.")
        }
    }

    /// Writes a picture that is coded already: all that is left to do of work that makes one.
    static func write(picture bytes: [UInt8], to path: String, counting counter: inout ProgressCounter) throws {
        try counter.advance()
        let output = try OutputFile(path: path)
        try output.write(bytes)
        try counter.finishing()
        try counter.done()
        output.keep()
    }
}
