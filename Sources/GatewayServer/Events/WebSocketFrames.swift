import NIOCore

/// Whole WebSocket frames of a server (RFC 6455, section 5.2): final and unmasked.
enum WebSocketFrames {
    /// A text frame.
    static func text(_ payload: ByteBuffer) -> ByteBuffer { frame(opcode: 0x1, payload) }

    /// A ping; what it carries comes back in the pong.
    static var ping: ByteBuffer { frame(opcode: 0x9, ByteBuffer()) }

    /// A pong with what the ping carried.
    static func pong(_ payload: ByteBuffer) -> ByteBuffer { frame(opcode: 0xA, payload) }

    /// A close frame; the reason is cut to the 123 bytes it may have.
    static func close(_ code: UInt16, _ reason: String) -> ByteBuffer {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        var end = reason.endIndex
        while reason[..<end].utf8.count > 123 { end = reason.index(before: end) }
        payload.writeString(String(reason[..<end]))
        return frame(opcode: 0x8, payload)
    }

    private static func frame(opcode: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        let length = payload.readableBytes
        var frame = ByteBufferAllocator().buffer(capacity: length + 10)
        frame.writeInteger(0x80 | opcode)
        switch length {
        case ..<126: frame.writeInteger(UInt8(length))
        case ..<65536:
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(length))
        default:
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(length))
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }
}
