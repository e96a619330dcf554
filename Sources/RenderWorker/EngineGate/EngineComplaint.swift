import Logging
import NIOCore
import QueueProtocol

/// What an engine says of a request that was let through and that it cannot carry out. Workers do not show it to people,
/// since it may name folders of the machine; an operator finds it in the gate's log.
struct EngineComplaint: Sendable {
    /// The most bytes of it that are kept.
    static let mostBytes = 2000

    let status: Int
    private(set) var bytes: [UInt8] = []

    /// - Parameter status: The answer's. Nil comes of one that is no complaint: what is not there, or is so already, is
    ///   an answer like others.
    init?(status: Int) {
        guard status == 400 || status >= 500 else { return nil }
        self.status = status
    }

    /// Takes in a piece of the answer.
    mutating func add(_ piece: ByteBuffer) {
        bytes += piece.readableBytesView.prefix(Self.mostBytes - bytes.count)
    }

    /// The engine's own words.
    var words: String {
        let text = String(decoding: bytes, as: UTF8.self)
        return (try? JSONText.decode(JSONValue.self, from: text))?["message"]?.stringValue ?? text
    }

    /// Writes it into the log.
    func log(_ call: GateCall, to logger: Logger) {
        logger.warning(
            "the engine cannot",
            metadata: ["request": "\(call.method) \(call.path)", "status": "\(status)", "reason": "\(words)"])
    }
}
