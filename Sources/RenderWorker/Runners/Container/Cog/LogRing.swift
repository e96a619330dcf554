import FoundationEssentials
import QueueProtocol
import StudioCore
import Synchronization

/// The last lines that a container wrote.
final class LogRing: Sendable {
    /// How many are kept.
    static let most = 200

    private struct State {
        var splitters: [LogFrames.Stream: LineSplitter] = [:]
        var lines: [String] = []
    }

    private let state = Mutex(State())

    /// Takes in what it wrote.
    func take(_ stream: LogFrames.Stream, _ bytes: Data) {
        state.withLock { state in
            var fresh: [String] = []
            state.splitters[stream, default: LineSplitter(bound: 4096)].feed(bytes) { fresh.append(Self.text(of: $0)) }
            state.lines += fresh
            if state.lines.count > Self.most { state.lines.removeFirst(state.lines.count - Self.most) }
        }
    }

    /// The last lines, the oldest first.
    var lines: [String] { state.withLock { $0.lines } }

    /// What people read of a line: Cog's server writes each as JSON with the text within.
    static func text(of line: String) -> String {
        guard line.hasPrefix("{"), let document = try? JSONText.decode(JSONValue.self, from: Data(line.utf8)),
            let message = document["fields"]?["message"]?.stringValue
        else { return line }
        return message
    }
}
