import QueueProtocol

/// A JSON Schema (2020-12) as the OpenAPI document holds it, in few words.
struct OpenAPISchema: Sendable {
    /// The schema's JSON.
    let json: JSONValue

    private init(_ members: [String: JSONValue]) {
        json = .object(members)
    }

    /// Text, where asked for of a pattern or a length.
    static func text(
        _ description: String? = nil, pattern: String? = nil, longest: Int? = nil, format: String? = nil
    ) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "string"]
        members["description"] = description.map(JSONValue.string)
        members["pattern"] = pattern.map(JSONValue.string)
        members["maxLength"] = longest.map { .integer(Int64($0)) }
        members["format"] = format.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A UUIDv7.
    static func id(_ description: String? = nil) -> OpenAPISchema { .text(description, format: "uuid") }

    /// An RFC 3339 time in UTC with milliseconds.
    static func time(_ description: String? = nil) -> OpenAPISchema { .text(description, format: "date-time") }

    /// One of some words.
    static func word(_ words: [String], _ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "string", "enum": .array(words.map(JSONValue.string))]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A whole number, where asked for in a range.
    static func whole(_ range: ClosedRange<Int>? = nil, _ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "integer"]
        members["minimum"] = range.map { .integer(Int64($0.lowerBound)) }
        members["maximum"] = range.map { .integer(Int64($0.upperBound)) }
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A count: 0 or more.
    static func count(_ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "integer", "minimum": 0]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A number.
    static func number(_ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "number"]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// True or false.
    static func flag(_ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "boolean"]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// Anything.
    static func anything(_ description: String) -> OpenAPISchema {
        OpenAPISchema(["description": .string(description)])
    }

    /// Bytes.
    static let bytes = OpenAPISchema(["type": "string", "contentMediaType": "application/octet-stream"])

    /// A list.
    static func list(_ item: OpenAPISchema, _ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "array", "items": item.json]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// An object whose members' names are not known before.
    static func map(_ value: OpenAPISchema, _ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["type": "object", "additionalProperties": value.json]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A schema, or null.
    static func nullable(_ schema: OpenAPISchema) -> OpenAPISchema {
        OpenAPISchema(["anyOf": .array([schema.json, .object(["type": "null"])])])
    }

    /// One of several schemas.
    static func either(_ schemas: [OpenAPISchema], _ description: String? = nil) -> OpenAPISchema {
        var members: [String: JSONValue] = ["anyOf": .array(schemas.map(\.json))]
        members["description"] = description.map(JSONValue.string)
        return OpenAPISchema(members)
    }

    /// A named schema of the document.
    static func named(_ name: String) -> OpenAPISchema {
        OpenAPISchema(["$ref": .string("#/components/schemas/\(name)")])
    }

    /// An object.
    ///
    /// - Parameters:
    ///   - members: Its members; all are there unless they are named in `optional`.
    ///   - optional: Members that may be left out.
    ///   - isClosed: Whether other members are refused.
    ///   - others: What other members are, where there may be some.
    ///   - description: What it is.
    /// - Returns: The schema.
    static func object(
        _ members: [(String, OpenAPISchema)], optional: Set<String> = [], isClosed: Bool = false,
        others: OpenAPISchema? = nil, _ description: String? = nil
    ) -> OpenAPISchema {
        var json: [String: JSONValue] = ["type": "object"]
        json["properties"] = .object(Dictionary(uniqueKeysWithValues: members.map { ($0.0, $0.1.json) }))
        let required = members.map(\.0).filter { !optional.contains($0) }
        if !required.isEmpty { json["required"] = .array(required.map(JSONValue.string)) }
        if isClosed { json["additionalProperties"] = false }
        if let others { json["additionalProperties"] = others.json }
        json["description"] = description.map(JSONValue.string)
        return OpenAPISchema(json)
    }

    /// A page of a list.
    static func page(_ item: String) -> OpenAPISchema {
        .object([
            ("items", .list(.named(item))),
            ("nextCursor", .nullable(.text("Where the next page begins; null after the last."))),
        ])
    }
}
