import FoundationEssentials
import QueueProtocol

/// A response as it came over the wire.
struct HTTPReply: Sendable {
    var status: Int
    /// By lower-case name; fields of one name joined with `, `.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; `.null` where it is none.
    var json: JSONValue { (try? JSONText.decode(JSONValue.self, from: Data(body))) ?? .null }

    /// The last part of a problem's `type`.
    var problem: String? { json["type"]?.stringValue.map { String($0.dropFirst("/problems/".count)) } }

    /// Reads a head: status and headers, and how many bytes they took.
    static func readHead(_ bytes: ArraySlice<UInt8>) -> (HTTPReply, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[name] = headers[name].map { "\($0), \(value)" } ?? String(value)
        }
        let status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        return (HTTPReply(status: status, headers: headers, body: []), end.upperBound - bytes.startIndex)
    }

    /// Reads a whole response; an interim one (100) is whole without a body.
    static func read(_ bytes: ArraySlice<UInt8>, isClosed: Bool, toHead: Bool = false) -> (HTTPReply, Int)? {
        guard var (reply, used) = readHead(bytes) else { return nil }
        if toHead || reply.status < 200 || reply.status == 204 || reply.status == 304 { return (reply, used) }
        let rest = bytes[(bytes.startIndex + used)...]
        if reply.headers["transfer-encoding"] == "chunked" {
            guard let (body, count) = readChunks(rest) else { return nil }
            reply.body = body
            used += count
        } else if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
            guard rest.count >= length else { return nil }
            reply.body = Array(rest.prefix(length))
            used += length
        } else {
            guard isClosed else { return nil }
            reply.body = Array(rest)
            used += rest.count
        }
        return (reply, used)
    }

    private static func readChunks(_ bytes: ArraySlice<UInt8>) -> ([UInt8], Int)? {
        var body: [UInt8] = []
        var rest = bytes
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            guard let length = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
                return nil
            }
            rest = rest[line.upperBound...]
            guard rest.count >= length + 2 else { return nil }
            body += rest.prefix(length)
            rest = rest.dropFirst(length + 2)
            if length == 0 { return (body, rest.startIndex - bytes.startIndex) }
        }
        return nil
    }
}
