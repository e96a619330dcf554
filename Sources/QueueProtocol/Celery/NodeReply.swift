extension PidboxCommand {
    /// Asks all nodes which of these tasks they have.
    ///
    /// - Parameters:
    ///   - tasks: The tasks' ids.
    ///   - caller: The caller's own key, by which its list of answers is found.
    /// - Returns: The command.
    public static func query(tasks: [String], caller: String) -> PidboxCommand {
        PidboxCommand(
            "query_task", arguments: ["ids": .array(tasks.map(WireJSON.string))], clock: 0,
            replyTo: ReplyAddress(routingKey: caller, ticket: .string(caller)))
    }

    /// Ends tasks: those that have not begun never do, and those that have are ended with SIGTERM.
    ///
    /// - Parameter tasks: The tasks' ids.
    /// - Returns: The command, which asks for no answer.
    public static func terminate(tasks: [String]) -> PidboxCommand {
        PidboxCommand(
            "revoke",
            arguments: [
                "task_id": .array(tasks.map(WireJSON.string)), "terminate": .bool(true), "signal": .string("SIGTERM"),
            ], clock: 0)
    }
}

/// What one node answers to ``PidboxCommand/query(tasks:caller:)``.
public struct NodeReply: Sendable, Hashable {
    /// How far a node is with a task.
    public enum Hold: Sendable, Hashable {
        /// It has taken the message and not begun.
        case reserved
        /// It works on it.
        case active
    }

    /// The node, `name@host`.
    public let node: String
    /// The tasks that it has.
    public let holds: [String: Hold]

    /// Reads an element of a list of answers; nil where it is none.
    ///
    /// - Parameter bytes: The element.
    public init?(decoding bytes: [UInt8]) {
        guard let body = try? KombuEnvelope(decoding: bytes).body.objectValue, let member = body.members.first
        else { return nil }
        node = member.name
        holds = (member.value.value.objectValue ?? [:]).compactMapValues { told in
            switch told.arrayValue?.first?.stringValue {
            case "active": .active
            case "reserved", "scheduled": .reserved
            // "ready" is over; what came of it is in the result store.
            default: nil
            }
        }
    }
}
