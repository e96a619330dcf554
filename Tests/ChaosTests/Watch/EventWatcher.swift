import Dispatch
import Foundation
import QueueProtocol
import Synchronization

/// A durable event as a client saw it.
struct SeenEvent: Sendable, Hashable {
    /// `<transaction>.<id>`.
    let id: String
    let kind: String
    let job: String
    let state: String
}

/// One that listens to a project's events, comes back with the last it has when the stream ends, and forgets nothing.
final class EventWatcher: Sendable {
    private struct State {
        /// Where it began, or the last event it has.
        var since: String?
        var start: String?
        var seen: [SeenEvent] = []
        var connections = 0
        var faults: [String] = []
        var isStopped = false
    }

    let project: ChaosProject
    private let ports: [Int]
    private let state = Mutex(State())

    init(_ project: ChaosProject, ports: [Int]) {
        self.project = project
        self.ports = ports
    }

    /// What it has seen, in the order in which it came.
    var seen: [SeenEvent] { state.withLock { $0.seen } }
    /// The place before the first event it can have seen.
    var start: String? { state.withLock { $0.start } }
    /// What was wrong with what it was sent.
    var faults: [String] { state.withLock { $0.faults } }
    /// How often it connected.
    var connections: Int { state.withLock { $0.connections } }

    /// Listens on a thread of its own until ``stop()``.
    func listen() {
        DispatchQueue(label: "chaos.events.\(project.tenant).\(project.name)").async {
            var gateway = 0
            while !self.state.withLock({ $0.isStopped }) {
                try? self.follow(self.ports[gateway % self.ports.count])
                gateway += 1
                // Whoever is refused does not ask at once again.
                breathe()
            }
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func follow(_ port: Int) throws {
        // A gateway that is frozen says nothing at all: rather ask another than wait for long.
        let socket = try GatewaySocket(port: port, patience: 4000)
        let since = state.withLock { $0.since }
        let query = since.map { "?since=\($0)" } ?? ""
        try socket.send(
            Array(
                """
                GET /api/v1/projects/\(project.name)/events\(query) HTTP/1.1\r\nHost: 127.0.0.1\r
                Authorization: Bearer \(project.token)\r\nAccept: text/event-stream\r\n\r\n
                """.utf8))
        let (status, headers) = try GatewayClient.head(from: socket)
        guard status == 200 else { return }
        state.withLock { $0.connections += 1 }
        var stream = EventStreamReader(isChunked: headers["transfer-encoding"] == "chunked")
        var (id, kind, data) = ("", "", "")
        while !state.withLock({ $0.isStopped }) {
            let line = try stream.line(from: socket)
            if line.isEmpty {
                take(id: id, kind: kind, data: data)
                (id, kind, data) = ("", "", "")
            } else if line.hasPrefix("id: ") {
                id = String(line.dropFirst(4))
            } else if line.hasPrefix("event: ") {
                kind = String(line.dropFirst(7))
            } else if line.hasPrefix("data: ") {
                data = String(line.dropFirst(6))
            }
        }
    }

    private func take(id: String, kind: String, data: String) {
        guard !id.isEmpty else { return }
        state.withLock { state in
            if data.isEmpty {
                // Where the stream stands.
                if state.start == nil { state.start = id }
                state.since = state.since ?? id
                return
            }
            guard let json = try? JSONText.decode(JSONValue.self, from: data), json["id"]?.stringValue == id else {
                state.faults.append("event \(id) is not what it says: \(data)")
                return
            }
            let event = SeenEvent(
                id: id, kind: kind, job: json["job"]?.stringValue ?? "", state: json["state"]?.stringValue ?? "")
            state.seen.append(event)
            state.since = id
        }
    }
}

/// Lines of an event stream, out of the chunks that carry it.
struct EventStreamReader {
    let isChunked: Bool
    private var bytes: [UInt8] = []

    init(isChunked: Bool) { self.isChunked = isChunked }

    mutating func line(from socket: GatewaySocket) throws(Unanswered) -> String {
        guard isChunked else { return try socket.line() }
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeFirst(end + 1)
                return line
            }
            guard let length = Int(try socket.line(), radix: 16), length > 0 else {
                throw Unanswered(why: "the stream ended")
            }
            bytes += try socket.bytes(length)
            _ = try socket.line()
        }
    }
}

private func breathe() { _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(100)) }
