import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import QueueProtocol

/// Asks a gateway whether it is ready, as `/readyz` answers.
struct HealthQuestion: Sendable {
    /// What came of it.
    enum Answer: Sendable, Hashable {
        case ready
        /// It answers, and these are missing.
        case missing([String])
        /// Nobody answers.
        case silent(String)

        /// For people.
        var text: String {
            switch self {
            case .ready: "ready"
            case .missing(let parts): "not ready: " + parts.joined(separator: "; ")
            case .silent(let why): "no answer: \(why)"
            }
        }
    }

    /// The most bytes of an answer that are read.
    private static let most = 64 << 10

    /// The address that the gateway listens on.
    let host: String
    let port: Int

    /// The address at which a server that listens on another is reached from its own machine.
    static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0", "*", "": "127.0.0.1"
        case "::", "[::]": "::1"
        default: host
        }
    }

    /// Asks.
    ///
    /// - Parameter bound: How long all of it may take.
    /// - Returns: The answer.
    func ask(within bound: Duration) async -> Answer {
        guard port != 0 else { return .silent("PORT is 0, so that nobody knows where it listens") }
        return await withTaskGroup(of: Answer.self) { race in
            race.addTask {
                do {
                    return try await exchange(within: bound)
                } catch {
                    return .silent("\(Self.reachable(host)):\(port): \(error)")
                }
            }
            race.addTask {
                try? await Task.sleep(for: bound)
                return .silent("none within \(bound.components.seconds) s")
            }
            let first = await race.next() ?? .silent("not asked")
            race.cancelAll()
            return first
        }
    }

    private typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func exchange(within bound: Duration) async throws -> Answer {
        let address = Self.reachable(host)
        let channel: Channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(bound))
            .connect(host: address, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Channel(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/readyz")
            head.headers = [
                "Host": "\(address.contains(":") ? "[\(address)]" : address):\(port)", "Connection": "close",
            ]
            // At once: a gateway that has the head may have answered and gone before the end is written.
            try await outbound.write(contentsOf: [.head(head), .end(nil)])
            var (status, body) = (0, [UInt8]())
            for try await part in inbound {
                switch part {
                case .head(let head): status = Int(head.status.code)
                case .body(let bytes): body += bytes.readableBytesView.prefix(max(0, Self.most - body.count))
                case .end: return Self.answer(status, body)
                }
            }
            return .silent("the connection ended before the answer did")
        }
    }

    private static func answer(_ status: Int, _ body: [UInt8]) -> Answer {
        guard status != 200 else { return .ready }
        let document = try? JSONText.decode(JSONValue.self, from: Data(body))
        let missing = (document?["checks"]?.objectValue ?? [:]).filter { $0.value["status"] != "ok" }
        guard !missing.isEmpty else { return .silent("status \(status)") }
        return .missing(
            missing.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value["detail"]?.stringValue ?? "missing")" })
    }
}
