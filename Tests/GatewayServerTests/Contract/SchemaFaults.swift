import FoundationEssentials
import QueueProtocol

/// What in a value is not as a schema of the OpenAPI document says. Stricter than JSON Schema in two ways: a member that is
/// not described is a fault, and so is a keyword that nothing here looks at.
struct SchemaFaults {
    /// The document's named schemas.
    let schemas: [String: JSONValue]

    /// Keywords that only tell.
    private static let annotations: Set<String> = ["description", "contentMediaType", "deprecated"]
    private static let known: Set<String> = [
        "$ref", "anyOf", "enum", "type", "format", "pattern", "maxLength", "minimum", "maximum", "items", "properties",
        "required", "additionalProperties",
    ]

    /// Every fault, each with its place as a JSON pointer.
    func find(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
        guard let members = schema.objectValue else { return ["\(place): its schema is none"] }
        var faults = members.keys.sorted().filter { !Self.known.contains($0) && !Self.annotations.contains($0) }
            .map { "\(place): nothing looks at the keyword \($0)" }
        if let name = members["$ref"]?.stringValue?.split(separator: "/").last {
            guard let named = schemas[String(name)] else { return faults + ["\(place): there is no schema \(name)"] }
            return faults + find(value, named, at: place)
        }
        if let choices = members["anyOf"]?.arrayValue {
            let all = choices.map { find(value, $0, at: place) }
            if !all.contains([]) { faults.append("\(place): fits none of \(choices.count): \(all.joined())") }
        }
        if let words = members["enum"]?.arrayValue, !words.contains(value) {
            faults.append("\(place): \(value) is not one of its words")
        }
        return faults + typeFaults(value, members, at: place)
    }

    private func typeFaults(_ value: JSONValue, _ schema: [String: JSONValue], at place: String) -> [String] {
        switch schema["type"]?.stringValue {
        case nil: return []
        case "string":
            guard let text = value.stringValue else { return ["\(place): \(value) is no text"] }
            return textFaults(text, schema).map { "\(place): '\(text)' \($0)" }
        case "integer": return value.intValue == nil ? ["\(place): \(value) is not whole"] : range(value, schema, place)
        case "number":
            return value.doubleValue == nil ? ["\(place): \(value) is no number"] : range(value, schema, place)
        case "boolean": return value.boolValue == nil ? ["\(place): \(value) is no truth value"] : []
        case "null": return value.isNull ? [] : ["\(place): \(value) is not null"]
        case "array":
            guard let items = value.arrayValue else { return ["\(place): \(value) is no list"] }
            return items.enumerated().flatMap { find($1, schema["items"] ?? [:], at: "\(place)/\($0)") }
        case "object": return objectFaults(value, schema, at: place)
        case .some(let other): return ["\(place): nothing knows the type \(other)"]
        }
    }

    private func textFaults(_ text: String, _ schema: [String: JSONValue]) -> [String] {
        var faults: [String] = []
        if let pattern = schema["pattern"]?.stringValue {
            let expression = try? Regex(pattern)
            if expression.map({ text.firstMatch(of: $0) == nil }) ?? true { faults.append("does not match \(pattern)") }
        }
        if let longest = schema["maxLength"]?.intValue, text.unicodeScalars.count > longest {
            faults.append("is too long")
        }
        switch schema["format"]?.stringValue {
        case nil: break
        case "uuid":
            if JobID(text)?.description != text { faults.append("is no UUID in lower case") }
        case "date-time":
            if Timestamp.parse(text).map(Timestamp.text) != text { faults.append("is no UTC time with milliseconds") }
        case .some(let other): faults.append("has the format \(other), which nothing knows")
        }
        return faults
    }

    private func range(_ value: JSONValue, _ schema: [String: JSONValue], _ place: String) -> [String] {
        let number = value.doubleValue ?? .nan
        let isBelow = schema["minimum"]?.doubleValue.map { number < $0 } ?? false
        let isAbove = schema["maximum"]?.doubleValue.map { number > $0 } ?? false
        return isBelow || isAbove ? ["\(place): \(number) is out of range"] : []
    }

    private func objectFaults(_ value: JSONValue, _ schema: [String: JSONValue], at place: String) -> [String] {
        guard let members = value.objectValue else { return ["\(place): \(value) is no object"] }
        let properties = schema["properties"]?.objectValue ?? [:]
        let required = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let missing = required.filter { members[$0] == nil }.map { "\(place)/\($0): is missing" }
        return missing
            + members.sorted { $0.key < $1.key }.flatMap { name, member -> [String] in
                if let known = properties[name] { return find(member, known, at: "\(place)/\(name)") }
                if let other = schema["additionalProperties"], other.objectValue != nil {
                    return find(member, other, at: "\(place)/\(name)")
                }
                return ["\(place)/\(name): is not described"]
            }
    }
}
