import FoundationEssentials
import QueueProtocol
import StudioCore

/// What a run is asked for with: `{"targets"?: [node], "from"?: node, "document"?: {…}, "priority"?: 0…9}`, or nothing.
struct RunBody: Sendable {
    /// The largest body: a canvas that is not saved, and little more.
    static let limit = 17 << 20

    var targets: [String]?
    var from: String?
    /// Whether what `from` names is made again, or only asked for: a repeated run takes what is there.
    var isForced = true
    /// The canvas as it is to be run; nil takes the saved one.
    var document: CanvasDocument?
    var priority = 5

    init() {}

    init(_ data: Data) throws {
        guard !data.isEmpty else { return }
        guard let members = try JSONBody.decode(JSONValue.self, from: data).objectValue else {
            throw StudioError.invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        if let value = members["targets"], !value.isNull {
            targets = value.arrayValue?.compactMap(\.stringValue)
            if targets.map({ $0.isEmpty || $0.count != value.arrayValue?.count }) ?? true {
                findings.append(Finding(pointer: "/targets", code: "type", detail: "must be a list of nodes' ids"))
            }
        }
        if let value = members["from"], !value.isNull {
            from = value.stringValue
            if from == nil { findings.append(Finding(pointer: "/from", code: "type", detail: "must be a node's id")) }
        }
        if let value = members["priority"], !value.isNull {
            priority = value.intValue ?? -1
            if !(0...9).contains(priority) {
                findings.append(
                    Finding(pointer: "/priority", code: "range", detail: "must be a whole number from 0 to 9"))
            }
        }
        if let value = members["document"], !value.isNull {
            do throws(StudioError) {
                document = try CanvasDocument(value, pointer: "/document")
            } catch {
                findings += error.findings
            }
        }
        for key in members.keys.sorted() where !["targets", "from", "priority", "document"].contains(key) {
            findings.append(
                Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here"))
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
    }

    /// What of the canvas is asked for.
    var goal: CanvasGoal { CanvasGoal(targets: targets, from: from, isForced: isForced) }

    /// As it is kept with the run.
    func kept(repeating run: RunID? = nil) -> JSONValue {
        var members: [String: JSONValue] = ["priority": .integer(Int64(priority))]
        members["targets"] = targets.map { .array($0.map(JSONValue.string)) }
        members["from"] = from.map(JSONValue.string)
        members["repeats"] = run.map { .string($0.description) }
        return .object(members)
    }
}
