import FoundationEssentials
import QueueProtocol
import StudioTestKit
import Testing

/// A small WebSocket client over a raw connection: it says exactly what a test tells it to, wrong things included.
final class WebSocketClient: Sendable {
    /// A frame of the server.
    struct Frame: Sendable {
        let opcode: UInt8
        let payload: [UInt8]

        var json: JSONValue { (try? JSONText.decode(JSONValue.self, from: Data(payload))) ?? .null }
        /// The code of a close frame.
        var closeCode: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    }

    let connection: RawConnection

    private init(_ connection: RawConnection) {
        self.connection = connection
    }

    /// Shakes hands; returns the answer, and the client where it was 101.
    static func open(
        _ gateway: TestGateway, path: String = "/api/v1/events", headers: [String],
        at place: SourceLocation = #_sourceLocation
    ) async throws -> (HTTPReply, WebSocketClient) {
        let connection = try await RawConnection.connect(to: gateway.port)
        let lines =
            [
                "GET \(path) HTTP/1.1", "host: test", "connection: Upgrade", "upgrade: websocket",
                "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + headers
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        let reply = try await connection.take("the handshake's answer") { bytes, isClosed -> (HTTPReply, Int)? in
            guard let (head, used) = HTTPReply.readHead(bytes) else { return nil }
            return head.status == 101 ? (head, used) : HTTPReply.read(bytes, isClosed: isClosed)
        }
        Contract.hold(reply, to: "GET", path, at: place)
        return (reply, WebSocketClient(connection))
    }

    /// A client whose handshake went well.
    static func connect(_ gateway: TestGateway, token: String) async throws -> WebSocketClient {
        let (reply, client) = try await open(gateway, headers: ["authorization: Bearer \(token)"])
        guard reply.status == 101 else { throw HandshakeRefused(status: reply.status) }
        return client
    }

    struct HandshakeRefused: Error {
        let status: Int
    }

    func send(_ text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }

    func send(
        opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) async throws {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | reserved | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.append(mask | UInt8(payload.count))
        case ..<65536: frame += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: frame += [mask | 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 255) }
        }
        let key: [UInt8] = [1, 2, 3, 4]
        if isMasked { frame += key }
        frame += isMasked ? payload.enumerated().map { $1 ^ key[$0 % 4] } : payload
        try await connection.send(frame)
    }

    /// The next frame, whatever it is.
    func frame() async throws -> Frame {
        try await connection.take("a frame") { bytes, _ in
            let start = bytes.startIndex
            guard bytes.count >= 2 else { return nil }
            var (length, header) = (Int(bytes[start + 1]), 2)
            if length == 126 {
                guard bytes.count >= 4 else { return nil }
                (length, header) = (Int(bytes[start + 2]) << 8 | Int(bytes[start + 3]), 4)
            } else if length == 127 {
                guard bytes.count >= 10 else { return nil }
                (length, header) = ((2..<10).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }, 10)
            }
            guard bytes.count >= header + length else { return nil }
            let payload = Array(bytes[(start + header)..<(start + header + length)])
            return (Frame(opcode: bytes[start] & 15, payload: payload), header + length)
        }
    }

    /// The next text frame's object, held against the contract; pings on the way are answered.
    func event(at place: SourceLocation = #_sourceLocation) async throws -> JSONValue {
        while true {
            let frame = try await frame()
            switch frame.opcode {
            case 1:
                Contract.hold(event: frame.json, at: place)
                return frame.json
            case 9: try await send(opcode: 10, frame.payload)
            default: throw UnexpectedFrame(opcode: frame.opcode, closeCode: frame.closeCode)
            }
        }
    }

    struct UnexpectedFrame: Error {
        let opcode: UInt8
        let closeCode: Int?
    }

    /// The code of the close frame that comes next; events on the way are passed over, and the close is answered.
    func closeCode() async throws -> Int? {
        while true {
            let frame = try await frame()
            guard frame.opcode == 8 else { continue }
            try? await send(opcode: 8, Array(frame.payload.prefix(2)))
            return frame.closeCode
        }
    }
}
