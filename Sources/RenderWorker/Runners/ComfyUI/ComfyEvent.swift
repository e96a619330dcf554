import FoundationEssentials
import NIOCore
import QueueProtocol

/// What a ComfyUI server tells by its socket, as far as a run needs it.
enum ComfyEvent: Sendable, Hashable {
    /// How far one node is.
    struct NodeState: Sendable, Hashable {
        var node: String
        var value: Double
        var most: Double
        var isFinished: Bool
    }

    /// How many prompts run or wait.
    case status(remaining: Int)
    /// Of a prompt: it began.
    case started(prompt: String)
    /// Of a prompt: nodes that need not run, since they did before with the same values.
    case cached(prompt: String, nodes: [String])
    /// Of a prompt: all of its nodes that are not pending.
    case progress(prompt: String, nodes: [NodeState])
    /// A node begins. After a reconnection it comes without the prompt's id.
    case executing(prompt: String?, node: String)
    /// Of a prompt: a node made something that is shown or saved.
    case executed(prompt: String, node: String)
    /// Of a prompt: nothing more comes, and the history has it.
    case ended(prompt: String)
    /// A picture of what is being made. Without the prompt's id where the server sends none along.
    case preview(prompt: String?, picture: Data)
    /// A text about what is being done.
    case text(String)

    /// Reads a message; nil for one that says nothing here.
    static func read(_ message: WebSocket.Message) -> ComfyEvent? {
        switch message {
        case .text(let bytes): LenientJSON.value(Data(bytes.readableBytesView)).flatMap(read)
        case .binary(let bytes): read(binary: bytes)
        }
    }

    private static func read(_ value: JSONValue) -> ComfyEvent? {
        guard let kind = value["type"]?.stringValue, let data = value["data"] else { return nil }
        if kind == "status" {
            return data["status"]?["exec_info"]?["queue_remaining"]?.intValue.map { .status(remaining: $0) }
        }
        let prompt = data["prompt_id"]?.stringValue
        if kind == "executing", let node = data["node"]?.stringValue { return .executing(prompt: prompt, node: node) }
        guard let prompt else { return nil }
        switch kind {
        case "execution_start": return .started(prompt: prompt)
        case "execution_cached":
            return .cached(prompt: prompt, nodes: (data["nodes"]?.arrayValue ?? []).compactMap(\.stringValue))
        case "progress_state": return .progress(prompt: prompt, nodes: states(data["nodes"]?.objectValue ?? [:]))
        case "executing": return .ended(prompt: prompt)
        case "executed": return data["node"]?.stringValue.map { .executed(prompt: prompt, node: $0) }
        default: return nil
        }
    }

    private static func states(_ nodes: [String: JSONValue]) -> [NodeState] {
        nodes.map { node, state in
            NodeState(
                node: node, value: state["value"]?.doubleValue ?? 0, most: state["max"]?.doubleValue ?? 1,
                isFinished: state["state"] == "finished")
        }.sorted { $0.node < $1.node }
    }

    private static func read(binary message: ByteBuffer) -> ComfyEvent? {
        var bytes = message
        guard let kind = bytes.readInteger(as: UInt32.self) else { return nil }
        switch kind {
        case 1:
            guard bytes.readInteger(as: UInt32.self) != nil else { return nil }
            return .preview(prompt: nil, picture: Data(bytes.readableBytesView))
        case 3:
            guard let length = bytes.readInteger(as: UInt32.self), bytes.readSlice(length: Int(length)) != nil else {
                return nil
            }
            return .text(String(decoding: bytes.readableBytesView, as: UTF8.self))
        case 4:
            guard let length = bytes.readInteger(as: UInt32.self), let about = bytes.readSlice(length: Int(length)),
                let told = LenientJSON.value(Data(about.readableBytesView))
            else { return nil }
            return .preview(prompt: told["prompt_id"]?.stringValue, picture: Data(bytes.readableBytesView))
        default: return nil
        }
    }
}
