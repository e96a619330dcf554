public import QueueProtocol

/// What a function's parameters must look like: a stated subset of JSON Schema 2020-12.
///
/// Keywords that hold values: `type` (one name or a list), `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`, `multipleOf`, `minLength`, `maxLength`, `pattern` (whole-text or substring as JSON Schema says),
/// `items`, `minItems`, `maxItems`, `uniqueItems`, `properties`, `required`, `additionalProperties` (true, false or a
/// schema). Keywords that only tell: `title`, `description`, `default`, `examples`, `deprecated`, `$comment`, `$schema`
/// and everything that begins with `x-`. Any other keyword is refused when the catalogue is loaded: a rule that is
/// silently ignored is worse than none. Objects take no unknown members unless they say `additionalProperties`.
public struct ParameterSchema: Sendable, Hashable {
    /// The schema as its author wrote it, for clients.
    public let document: JSONValue
    let root: SchemaNode

    /// Reads a schema.
    ///
    /// - Parameters:
    ///   - document: The schema, an object schema.
    ///   - pointer: Where it stands in the manifest, for the findings; default the root.
    /// - Throws: `StudioError` with code `invalid` that lists every keyword that is wrong or not supported.
    public init(_ document: JSONValue, pointer: String = "") throws(StudioError) {
        var findings: [Finding] = []
        let node = SchemaNode(document, pointer: pointer, findings: &findings)
        if node.types != [.object] {
            findings.append(
                Finding(
                    pointer: pointer + "/type", code: "schema",
                    detail: "parameters are an object: \"type\": \"object\""))
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        self.document = document
        root = node
    }

    /// The values that the schema gives members which are not sent.
    public var defaults: [String: JSONValue] {
        root.properties.compactMapValues(\.defaultValue)
    }

    /// Checks values against the schema.
    ///
    /// - Parameters:
    ///   - value: The parameters.
    ///   - pointer: Where they stand in the body, for the findings.
    /// - Returns: All that is wrong; empty where nothing is.
    public func check(_ value: JSONValue, pointer: String) -> [Finding] {
        var findings: [Finding] = []
        root.check(value, pointer: pointer, findings: &findings)
        return findings
    }
}
