import Dispatch
import Foundation
import QueueProtocol
import StudioTestKit
import Synchronization

/// What is asked of a gateway.
struct Request: Sendable {
    var method = "POST"
    var path: String
    var token: String?
    var body: JSONValue?
    var bytes: [UInt8]?
    var headers: [String: String] = [:]
    /// Whether the client leaves as soon as it has asked: the answer is lost for sure.
    var leaves = false
}

/// What it answered.
struct Reply: Sendable {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    var json: JSONValue { (try? JSONText.decode(JSONValue.self, from: Data(body))) ?? .null }
    var text: String { String(decoding: body.prefix(400), as: UTF8.self) }
    var isSuccess: Bool { 200..<300 ~= status }
    /// A refusal for good; 429 and 503 ask to come again.
    var isRefusal: Bool { 400..<500 ~= status && status != 429 && status != 408 }
}

/// A client of the gateways, as a page in a browser is one: one connection that is kept, and after an answer that did not
/// come the next gateway.
final class GatewayClient: Sendable {
    private struct State {
        var socket: GatewaySocket?
        var gateway: Int
    }

    /// The longest wait for an answer, in milliseconds.
    private let patience: Int
    private let ports: [Int]
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "chaos.client")

    init(_ ports: [Int], first: Int = 0, patience: Int = 5000) {
        self.ports = ports
        self.patience = patience
        state = Mutex(State(gateway: first % ports.count))
    }

    /// Asks once.
    ///
    /// - Parameter request: What is asked.
    /// - Returns: The answer, whatever its status.
    /// - Throws: `Unanswered`.
    func send(_ request: Request) async throws(Unanswered) -> Reply {
        let result: Result<Reply, Unanswered> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.exchange(request)) }
        }
        return try result.get()
    }

    /// Asks again and again until it is answered other than with "come again".
    func insist(_ request: Request, within bound: Duration = .seconds(180)) async throws -> Reply {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: bound)
        var last = "nothing"
        while clock.now < end {
            do {
                let reply = try await send(request)
                if reply.status < 500, reply.status != 429 { return reply }
                last = "\(reply.status) \(reply.text)"
            } catch {
                last = error.why
            }
            try await clock.sleep(for: .milliseconds(200))
        }
        throw TestKitError("\(request.method) \(request.path) was not answered in \(bound): \(last)")
    }

    private func exchange(_ request: Request) -> Result<Reply, Unanswered> {
        state.withLock { state in
            let socket = state.socket
            state.socket = nil
            do {
                let socket = try socket ?? GatewaySocket(port: ports[state.gateway], patience: patience)
                try socket.send(encoded(request))
                if request.leaves { throw Unanswered(why: "left") }
                let (reply, isKept) = try Self.reply(from: socket)
                if isKept { state.socket = socket }
                // Elsewhere it may be better.
                if reply.status == 503 { next(&state) }
                return .success(reply)
            } catch {
                if !request.leaves { next(&state) }
                return .failure(error as? Unanswered ?? Unanswered(why: "\(error)"))
            }
        }
    }

    private func next(_ state: inout State) {
        state.gateway = (state.gateway + 1) % ports.count
        state.socket = nil
    }

    private func encoded(_ request: Request) throws -> [UInt8] {
        var head = "\(request.method) \(request.path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if let token = request.token { head += "Authorization: Bearer \(token)\r\n" }
        for (name, value) in request.headers { head += "\(name): \(value)\r\n" }
        var body = request.bytes ?? []
        if let json = request.body {
            head += "Content-Type: application/json\r\n"
            body = Array(try JSONText.compact(json))
        }
        return Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    private static func reply(from socket: GatewaySocket) throws(Unanswered) -> (Reply, isKept: Bool) {
        let (status, headers) = try head(from: socket)
        var body: [UInt8] = []
        if headers["transfer-encoding"] == "chunked" {
            while true {
                guard let length = Int(try socket.line(), radix: 16) else { throw Unanswered(why: "no chunk") }
                body += try socket.bytes(length)
                _ = try socket.line()
                if length == 0 { break }
            }
        } else if status != 204, let length = headers["content-length"].flatMap({ Int($0) }) {
            body = try socket.bytes(length)
        }
        return (Reply(status: status, headers: headers, body: body), headers["connection"] != "close")
    }

    /// Reads status and headers.
    static func head(from socket: GatewaySocket) throws(Unanswered) -> (status: Int, headers: [String: String]) {
        let words = try socket.line().split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw Unanswered(why: "no status line") }
        var headers: [String: String] = [:]
        while true {
            let line = try socket.line()
            guard let colon = line.firstIndex(of: ":") else { return (status, headers) }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
    }
}
