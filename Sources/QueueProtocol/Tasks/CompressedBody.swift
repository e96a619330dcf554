import CCompression

/// A compressed body of a task message, by the names that kombu gives the compressions.
///
/// It is read up to a bound: a few bytes may claim to be gigabytes.
enum CompressedBody {
    private static let pieceLength = 64 * 1024

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - input: The compressed bytes; nothing may follow the stream.
    ///   - compression: The name: `application/x-gzip`, which to Celery is a zlib stream and no gzip file, or
    ///     `application/x-bz2`.
    ///   - bound: How many bytes it may have at most.
    /// - Returns: The bytes.
    /// - Throws: `TaskMessageError`: `unsupportedCompression`, `badBody` where it is damaged or cut short, `tooLarge`.
    static func bytes(
        of input: [UInt8], compression: String, atMost bound: Int
    ) throws(TaskMessageError) -> [UInt8] {
        switch compression {
        case "application/x-gzip": return try zlib(input, bound)
        case "application/x-bz2": return try bzip2(input, bound)
        default:
            throw TaskMessageError(
                .unsupportedCompression(compression), "the body is compressed in a way that is not read")
        }
    }

    private static func zlib(_ input: [UInt8], _ bound: Int) throws(TaskMessageError) -> [UInt8] {
        var stream = z_stream()
        guard studio_inflate_init(&stream) == Z_OK else { throw outOfMemory }
        defer { inflateEnd(&stream) }
        return try read(input, bound) { source, piece in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = piece.baseAddress
            stream.avail_out = UInt32(piece.count)
            let status = inflate(&stream, Z_NO_FLUSH)
            return Step(
                isEnd: status == Z_STREAM_END, isGood: status == Z_OK || status == Z_STREAM_END,
                left: Int(stream.avail_in), made: piece.count - Int(stream.avail_out))
        }
    }

    private static func bzip2(_ input: [UInt8], _ bound: Int) throws(TaskMessageError) -> [UInt8] {
        var stream = bz_stream()
        guard BZ2_bzDecompressInit(&stream, 0, 0) == BZ_OK else { throw outOfMemory }
        defer { BZ2_bzDecompressEnd(&stream) }
        return try read(input, bound) { source, piece in
            source.withMemoryRebound(to: CChar.self) { source in
                piece.withMemoryRebound(to: CChar.self) { piece in
                    stream.next_in = source.baseAddress
                    stream.avail_in = UInt32(source.count)
                    stream.next_out = piece.baseAddress
                    stream.avail_out = UInt32(piece.count)
                    let status = BZ2_bzDecompress(&stream)
                    return Step(
                        isEnd: status == BZ_STREAM_END, isGood: status == BZ_OK || status == BZ_STREAM_END,
                        left: Int(stream.avail_in), made: piece.count - Int(stream.avail_out))
                }
            }
        }
    }

    /// What one call of a library did.
    private struct Step {
        var isEnd: Bool
        var isGood: Bool
        /// Bytes of the input that were not looked at.
        var left: Int
        /// Bytes that were made.
        var made: Int
    }

    private static func read(
        _ input: [UInt8], _ bound: Int,
        _ step: (UnsafeMutableBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Step
    ) throws(TaskMessageError) -> [UInt8] {
        guard input.count <= Int(UInt32.max) else { throw .tooLarge(bound) }
        // The libraries' types ask for memory they may write to, and do not.
        var input = input
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceLength)
        var start = 0
        while true {
            let done = input.withUnsafeMutableBufferPointer { input in
                piece.withUnsafeMutableBufferPointer { piece in
                    step(UnsafeMutableBufferPointer(rebasing: input[start...]), piece)
                }
            }
            guard done.isGood else { throw damaged }
            guard output.count + done.made <= bound else { throw .tooLarge(bound) }
            output += piece[..<done.made]
            start = input.count - done.left
            if done.isEnd {
                guard done.left == 0 else { throw damaged }
                return output
            }
            // Neither more to read nor more to write: it was cut short.
            guard done.made > 0 || done.left > 0 else { throw damaged }
        }
    }

    private static let damaged = TaskMessageError(.badBody, "the compressed body is damaged")
    private static let outOfMemory = TaskMessageError(.badBody, "there is no memory to read the compressed body")
}
