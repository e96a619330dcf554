import Glibc

/// An output that is written piece by piece, through a buffer of a fixed size. Without ``finish()`` nothing is left.
final class GrowingFile {
    private static let capacity = 1 << 16

    private let output: OutputFile
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Throws: `MediaError` with `outputFailed` or `storageFull`.
    init(path: String) throws {
        output = try OutputFile(path: path)
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(errno, path) }
        buffer.reserveCapacity(Self.capacity)
    }

    deinit { close(descriptor) }

    func append(_ text: String) throws {
        buffer += text.utf8
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Writes what is still in the buffer; `last` is called when the file is complete, and what it throws still removes it.
    func finish(_ last: () throws -> Void = {}) throws {
        try flush()
        try last()
        output.keep()
    }

    private func flush() throws {
        var failure: Int32 = 0
        buffer.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty, failure == 0 {
                let put = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if put >= 0 { rest = rest.dropFirst(put) } else if errno != EINTR { failure = errno }
            }
        }
        buffer.removeAll(keepingCapacity: true)
        guard failure == 0 else { throw Self.failure(failure, output.path) }
    }

    private static func failure(_ number: Int32, _ path: String) -> MediaError {
        MediaError.system(number, .outputFailed, "\(fileName(path)) cannot be written.")
    }
}
