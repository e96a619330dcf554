import CMedia

/// A stream's packets in, its frames out: the decoder, and the tolerance for what it cannot decode.
final class DecodedStream {
    /// The stream's number in its file.
    let index: Int32
    private let decoder: Decoder
    private let frame: Frame
    private let name: String
    private var damage = DamageCount()

    /// What the decoder says of the stream.
    var context: UnsafeMutablePointer<AVCodecContext> { decoder.context }

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, strict: Bool = false) throws {
        index = stream.pointee.index
        name = demuxer.name
        decoder = try Decoder(stream: stream, limits: demuxer.limits, name: name, strict: strict)
        frame = try Frame()
    }

    /// Decodes a packet; `each` gets every frame that comes of it, for as long as it runs.
    func decode(_ packet: Packet, each: (Frame) throws -> Void) throws {
        damage.packet()
        let status = decoder.send(packet)
        if status < 0 { try damage.failure(status, of: name) }
        try drain(each)
    }

    /// Decodes all that is still under way; the file has ended.
    func finish(each: (Frame) throws -> Void) throws {
        _ = decoder.send(nil)
        try drain(each)
    }

    private func drain(_ each: (Frame) throws -> Void) throws {
        while true {
            switch decoder.receive(into: frame) {
            case .frame: try each(frame)
            case .needsInput, .ended: return
            case .failed(let status): try damage.failure(status, of: name)
            }
        }
    }
}
