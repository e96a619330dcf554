import QueueProtocol

/// The types JSON Schema names.
enum SchemaType: String, Sendable, Hashable {
    case null, boolean, integer, number, string, array, object

    func holds(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.string, .string), (.array, .array), (.object, .object): true
        case (.number, .integer), (.number, .unsigned), (.number, .number): true
        case (.integer, .integer), (.integer, .unsigned): true
        case (.integer, .number(let number)): number == number.rounded()
        default: false
        }
    }
}

/// One schema object, read and checked.
final class SchemaNode: Sendable, Hashable {
    enum Additional: Sendable, Hashable {
        case allowed, refused
        case held(SchemaNode)
    }

    let types: Set<SchemaType>
    let allowed: [JSONValue]?
    let minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf: JSONValue?
    let minLength, maxLength, minItems, maxItems: Int?
    let pattern: SchemaPattern?
    let uniqueItems: Bool
    let items: SchemaNode?
    let properties: [String: SchemaNode]
    let required: [String]
    let additional: Additional
    let defaultValue: JSONValue?

    private static let annotations: Set<String> = [
        "title", "description", "default", "examples", "deprecated", "$comment", "$schema",
    ]

    init(_ document: JSONValue, pointer: String, findings: inout [Finding]) {
        var reader = SchemaReader(members: document.objectValue ?? [:], pointer: pointer)
        if document.objectValue == nil {
            reader.findings.append(Finding(pointer: pointer, code: "schema", detail: "a schema is an object"))
        }
        types = reader.types()
        let constant = reader.take("const")
        allowed = reader.list("enum") ?? constant.map { [$0] }
        minimum = reader.number("minimum")
        maximum = reader.number("maximum")
        exclusiveMinimum = reader.number("exclusiveMinimum")
        exclusiveMaximum = reader.number("exclusiveMaximum")
        multipleOf = reader.number("multipleOf", positive: true)
        minLength = reader.count("minLength")
        maxLength = reader.count("maxLength")
        minItems = reader.count("minItems")
        maxItems = reader.count("maxItems")
        pattern = reader.pattern()
        uniqueItems = reader.flag("uniqueItems") ?? false
        items = reader.take("items").map { SchemaNode($0, pointer: pointer + "/items", findings: &reader.findings) }
        var properties: [String: SchemaNode] = [:]
        for (name, schema) in reader.object("properties") {
            let place = pointer + "/properties/" + JSONPointer.escaped(name)
            properties[name] = SchemaNode(schema, pointer: place, findings: &reader.findings)
        }
        self.properties = properties
        required = (reader.list("required") ?? []).compactMap(\.stringValue)
        switch reader.take("additionalProperties") {
        case nil, .bool(false)?: additional = .refused
        case .bool(true)?: additional = .allowed
        case let schema?:
            additional = .held(
                SchemaNode(schema, pointer: pointer + "/additionalProperties", findings: &reader.findings))
        }
        defaultValue = reader.members["default"]
        for keyword in reader.members.keys.sorted()
        where !Self.annotations.contains(keyword) && !keyword.hasPrefix("x-") {
            reader.findings.append(
                Finding(
                    pointer: pointer + "/" + JSONPointer.escaped(keyword), code: "unsupported-keyword",
                    detail: "the keyword \(keyword) is not supported"))
        }
        findings += reader.findings
        if let defaultValue { check(defaultValue, pointer: pointer + "/default", findings: &findings) }
    }

    static func == (left: SchemaNode, right: SchemaNode) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Takes keywords out of a schema object one by one; what is left over is not supported.
struct SchemaReader {
    var members: [String: JSONValue]
    let pointer: String
    var findings: [Finding] = []

    init(members: [String: JSONValue], pointer: String) {
        self.members = members
        self.pointer = pointer
    }

    mutating func take(_ keyword: String) -> JSONValue? { members.removeValue(forKey: keyword) }

    mutating func refuse(_ keyword: String, _ detail: String) {
        findings.append(Finding(pointer: pointer + "/" + JSONPointer.escaped(keyword), code: "schema", detail: detail))
    }

    mutating func types() -> Set<SchemaType> {
        guard let value = take("type") else { return [] }
        let names = value.stringValue.map { [$0] } ?? value.arrayValue?.map { $0.stringValue ?? "" } ?? [""]
        let types = names.compactMap(SchemaType.init(rawValue:))
        if types.count != names.count || types.isEmpty { refuse("type", "not a JSON Schema type") }
        return Set(types)
    }

    mutating func number(_ keyword: String, positive: Bool = false) -> JSONValue? {
        guard let value = take(keyword) else { return nil }
        guard let number = value.doubleValue, !positive || number > 0 else {
            refuse(keyword, positive ? "a number above 0" : "a number")
            return nil
        }
        return value
    }

    mutating func count(_ keyword: String) -> Int? {
        guard let value = take(keyword) else { return nil }
        guard let count = value.intValue, count >= 0 else {
            refuse(keyword, "a whole number of 0 or more")
            return nil
        }
        return count
    }

    mutating func flag(_ keyword: String) -> Bool? {
        guard let value = take(keyword) else { return nil }
        if value.boolValue == nil { refuse(keyword, "true or false") }
        return value.boolValue
    }

    mutating func list(_ keyword: String) -> [JSONValue]? {
        guard let value = take(keyword) else { return nil }
        if value.arrayValue == nil { refuse(keyword, "a list") }
        return value.arrayValue
    }

    mutating func object(_ keyword: String) -> [String: JSONValue] {
        guard let value = take(keyword) else { return [:] }
        if value.objectValue == nil { refuse(keyword, "an object") }
        return value.objectValue ?? [:]
    }

    mutating func pattern() -> SchemaPattern? {
        guard let value = take("pattern") else { return nil }
        guard let pattern = value.stringValue.flatMap(SchemaPattern.init) else {
            refuse("pattern", "not a regular expression")
            return nil
        }
        return pattern
    }
}

/// JSON pointers, RFC 6901.
public enum JSONPointer {
    /// A member's name as one step of a pointer.
    ///
    /// - Parameter name: The member's name.
    /// - Returns: The name with `~` and `/` escaped.
    public static func escaped(_ name: String) -> String {
        var text = ""
        for character in name {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
        return text
    }
}
