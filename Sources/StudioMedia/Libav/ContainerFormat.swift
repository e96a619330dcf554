import CMedia

/// Tells what kind of file something is, by its content.
enum ContainerFormat {
    /// Lists of other files. They are refused: an upload must not make the worker read what it names.
    private static let lists: Set<String> = ["hls", "concat", "dash", "imf", "sdp", "rtsp"]

    /// - Throws: `inputInvalid` where no format fits, where the file only lists others, or where it is cut off.
    static func tell(
        _ source: SourceFile, _ stream: UnsafeMutablePointer<AVIOContext>
    ) throws -> UnsafePointer<AVInputFormat> {
        var format: UnsafePointer<AVInputFormat>?
        let status = av_probe_input_buffer2(stream, &format, "", nil, 0, 0)
        guard status >= 0, let format else { throw refusal(of: source, status) }
        let name = String(cString: format.pointee.name)
        guard !lists.contains(name) else {
            throw MediaError(.inputInvalid, "\(source.name) is a list of other files, not media.")
        }
        if name == "avi" { try checkRIFF(source, stream) }
        return format
    }

    static func refusal(of source: SourceFile, _ status: Int32) -> MediaError {
        guard source.readError == 0 else {
            return MediaError.system(source.readError, .inputUnreadable, "\(source.name) cannot be read.")
        }
        return MediaError.libav(
            status, .inputInvalid, "\(source.name) is not readable media, or is damaged or cut off.")
    }

    /// Holds an AVI's size against what its first bytes claim: libav takes a cut-off one for a shorter one.
    /// A size of 0 or of all ones was never filled in (a recording that was not closed) and claims nothing.
    private static func checkRIFF(_ source: SourceFile, _ stream: UnsafeMutablePointer<AVIOContext>) throws {
        defer { avio_seek(stream, 0, SEEK_SET) }
        guard avio_seek(stream, 4, SEEK_SET) == 4 else { return }
        let claim = avio_rl32(stream)
        guard claim != UInt32.max, Double(source.size) < 0.95 * Double(claim) else { return }
        throw MediaError(.inputInvalid, "\(source.name) is cut off: it has \(source.size) of \(claim) bytes.")
    }
}
