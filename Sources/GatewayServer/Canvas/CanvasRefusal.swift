import FoundationEssentials
import QueueProtocol
import StudioCore

/// Why a canvas was not saved, with what the person needs to go on.
enum CanvasRefusal: Error {
    /// It was changed since it was read; `changes` where the version that was read is known, `current` where there is one.
    case stale(current: EntityTag?, changes: [CanvasChange]?)
    /// Both sides changed the same fields.
    case conflicting(current: EntityTag, [CanvasConflict])

    /// As many changes or conflicts are told one by one.
    static let mostTold = 500

    /// The refusal as it is answered.
    var problem: Problem {
        switch self {
        case .stale(let current, let changes):
            var problem = Problem(
                StudioError(
                    .preconditionFailed,
                    current.map { "the canvas changed since you read it; its ETag is now \($0)" }
                        ?? "there is no such canvas, or no longer"))
            problem.members["currentETag"] = current.map { .string($0.description) }
            if let changes { Self.tell(changes, as: "changes", in: &problem) }
            return problem
        case .conflicting(let current, let conflicts):
            let first = conflicts.first.map { conflict in
                let what = conflict.node.map { "node \($0)" } ?? conflict.edge.map { "edge \($0)" } ?? "the canvas"
                return conflict.field.isEmpty ? "\(what), deleted by one" : "\(what) at \(conflict.field)"
            }
            var problem = Problem(
                StudioError(
                    .canvasConflict,
                    "both sides changed the same in \(conflicts.count) places, such as \(first ?? "")"))
            problem.members["currentETag"] = .string(current.description)
            Self.tell(conflicts, as: "conflicts", in: &problem)
            return problem
        }
    }

    private static func tell(_ items: [some Encodable], as name: String, in problem: inout Problem) {
        let told = Array(items.prefix(mostTold))
        // What was read from JSON can be said in it.
        let value = try? JSONText.decode(JSONValue.self, from: JSONText.compact(told))
        problem.members[name] = value ?? []
        if items.count > mostTold { problem.members["more"] = .integer(Int64(items.count - mostTold)) }
    }
}
