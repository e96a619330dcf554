import FoundationEssentials
import QueueProtocol

/// Reads the members of a submission's body one by one and gathers what is wrong with them.
struct SubmissionReader {
    private let members: [String: JSONValue]
    private(set) var findings: [Finding] = []

    init(_ body: JSONValue) {
        members = body.objectValue ?? [:]
        if body.objectValue == nil { find("", "type", "the body must be a JSON object") }
    }

    private mutating func find(_ pointer: String, _ code: String, _ detail: String) {
        findings.append(Finding(pointer: pointer, code: code, detail: detail))
    }

    /// A member that is there and not null.
    private func present(_ key: String) -> JSONValue? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    mutating func text(_ key: String, required: Bool) -> String? {
        guard let value = present(key) else {
            if required { find("/" + key, "required", "is required") }
            return nil
        }
        guard let text = value.stringValue else {
            find("/" + key, "type", "must be text")
            return nil
        }
        return text
    }

    mutating func shot(isRequired: Bool) -> ShotName? {
        guard let text = text("shot", required: isRequired) else { return nil }
        do {
            return try ShotName(text)
        } catch {
            findings += error.findings
            return nil
        }
    }

    mutating func whole(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = present(key) else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            find("/" + key, "range", "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func object(_ key: String) -> [String: JSONValue] {
        guard let value = present(key) else { return [:] }
        guard let members = value.objectValue else {
            find("/" + key, "type", "must be an object")
            return [:]
        }
        return members
    }

    mutating func inputs() -> [String: [InputReference]] {
        var inputs: [String: [InputReference]] = [:]
        for (name, value) in object("inputs").sorted(by: { $0.key < $1.key }) where !value.isNull {
            let place = "/inputs/" + JSONPointer.escaped(name)
            let values = value.arrayValue ?? [value]
            if values.count > 100_000 {
                find(place, "maxItems", "must have at most 100000 items")
                continue
            }
            var references: [InputReference] = []
            for (index, item) in values.enumerated() {
                let pointer = value.arrayValue == nil ? place : "\(place)/\(index)"
                guard let text = item.stringValue, !text.isEmpty else {
                    find(pointer, "type", "an input names a project file, take:<id>, job:<id> or job:<id>#<port>")
                    continue
                }
                do {
                    references.append(try InputReference(text, pointer: pointer))
                } catch {
                    findings += error.findings
                }
            }
            inputs[name] = references
        }
        return inputs
    }

    /// Nil where it is none that can be asked for.
    mutating func destination() -> JobDestination? {
        guard let text = text("destination", required: false) else { return .take }
        switch JobDestination.Kind(rawValue: text) {
        case .take?: return .take
        case .cache?: return .cache(path: nil)
        case .export?:
            find("/destination", "unsupported", "exports are asked for by POST /api/v1/projects/{project}/exports")
        case nil: find("/destination", "enum", "must be take or cache")
        }
        return nil
    }

    mutating func quality() -> QualityTier? {
        guard let text = text("quality", required: false) else { return nil }
        guard let tier = QualityTier(rawValue: text) else {
            find("/quality", "enum", "must be low, standard or high")
            return nil
        }
        return tier
    }

    /// Nil where nothing is said.
    mutating func split() -> ChunkPlan.Mode? {
        guard let value = present("split") else { return nil }
        do {
            return try ChunkPlan.Mode(value, pointer: "/split")
        } catch {
            findings += error.findings
            return nil
        }
    }

    mutating func time(_ key: String) -> Date? {
        guard let text = text(key, required: false) else { return nil }
        guard let date = Timestamp.parse(text) else {
            find("/" + key, "format", "must be an RFC 3339 time such as 2026-01-31T12:00:00.000Z")
            return nil
        }
        return date
    }

    mutating func dependencies() -> [JobID] {
        guard let value = present("dependsOn") else { return [] }
        guard let list = value.arrayValue, list.count <= 1000 else {
            find("/dependsOn", "type", "must be a list of at most 1000 job ids")
            return []
        }
        var ids: [JobID] = []
        for (index, item) in list.enumerated() {
            guard let text = item.stringValue, let id = JobID(text) else {
                find("/dependsOn/\(index)", "format", "must be a job's id, a UUID")
                continue
            }
            ids.append(id)
        }
        return ids
    }

    mutating func refuseUnknown(_ known: Set<String>) {
        for key in members.keys.sorted() where !known.contains(key) {
            find("/" + JSONPointer.escaped(key), "unknown-member", "is not a member of a submission")
        }
    }
}
