import QueueProtocol
import StudioCore
import Testing

@Suite("Parameter schemas")
struct ParameterSchemaTests {
    private func codes(_ schema: JSONValue, _ value: JSONValue) throws -> [String] {
        let properties: JSONValue = ["type": "object", "properties": ["p": schema]]
        return try ParameterSchema(properties).check(["p": value], pointer: "/parameters").map(\.code)
    }

    @Test("Every keyword holds values to itself")
    func keywords() throws {
        let max: JSONValue = .unsigned(.max)
        let cases: [(schema: JSONValue, good: JSONValue, bad: JSONValue, code: String)] = [
            (["type": "string"], "x", 1, "type"),
            (["type": ["integer", "null"]], .null, "x", "type"),
            (["type": "integer"], 2.0, 2.5, "type"),
            (["enum": ["24", "25"]], "24", "30", "enum"),
            (["const": 3], 3, 4, "enum"),
            (["minimum": 1], 1, 0, "minimum"),
            (["maximum": max], max, 1e20, "maximum"),
            (["type": "integer", "maximum": .unsigned(.max - 1)], .unsigned(.max - 1), max, "maximum"),
            (["exclusiveMinimum": 0], 0.1, 0, "exclusiveMinimum"),
            (["exclusiveMaximum": 1], 0.9, 1, "exclusiveMaximum"),
            (["multipleOf": 2], 4, 5, "multipleOf"),
            (["multipleOf": 0.1], 0.3, 0.35, "multipleOf"),
            (["minLength": 1], "é", "", "minLength"),
            (["maxLength": 2], "éé", "abc", "maxLength"),
            (["pattern": "^[0-9]+$"], "12", "1a", "pattern"),
            (["items": ["type": "integer"]], [1, 2], [1, "x"], "type"),
            (["minItems": 1], [1], [], "minItems"),
            (["maxItems": 1], [1], [1, 2], "maxItems"),
            (["uniqueItems": true], [1, 2], [1, 1], "uniqueItems"),
            (["type": "object", "required": ["a"], "additionalProperties": true], ["a": 1], ["b": 1], "required"),
            (["type": "object", "additionalProperties": ["type": "string"]], ["a": "x"], ["a": 1], "type"),
            (["type": "object", "properties": ["a": [:]]], ["a": 1], ["b": 1], "additionalProperties"),
        ]
        for (schema, good, bad, code) in cases {
            #expect(try codes(schema, good) == [], "\(schema) should take \(good)")
            #expect(try codes(schema, bad) == [code], "\(schema) should refuse \(bad)")
        }
    }

    @Test("All findings come at once, each with its pointer")
    func allAtOnce() throws {
        let schema = try ParameterSchema([
            "type": "object", "required": ["prompt"],
            "properties": [
                "prompt": ["type": "string"], "seconds": ["type": "number", "maximum": 10], "a/b": ["type": "integer"],
            ],
        ])
        let findings = schema.check(["seconds": 11, "a/b": "x", "other": 1], pointer: "/parameters")
        #expect(
            Set(findings.map(\.pointer)) == [
                "/parameters/prompt", "/parameters/seconds", "/parameters/a~1b", "/parameters/other",
            ])
    }

    @Test(
        "A keyword that is not supported is refused, never ignored",
        arguments: ["$ref", "allOf", "oneOf", "if", "format", "patternProperties", "dependentRequired"])
    func unsupported(keyword: String) {
        let schema: JSONValue = ["type": "object", "properties": ["p": .object([keyword: "x"])]]
        let error = #expect(throws: StudioError.self) { try ParameterSchema(schema) }
        #expect(error?.findings.map(\.code) == ["unsupported-keyword"])
        #expect(error?.findings.first?.pointer == "/properties/p/" + keyword)
    }

    @Test("A default that breaks its own schema is refused when the schema is read")
    func badDefault() {
        let schema: JSONValue = ["type": "object", "properties": ["p": ["type": "integer", "default": "x"]]]
        let error = #expect(throws: StudioError.self) { try ParameterSchema(schema) }
        #expect(error?.findings.first?.pointer == "/properties/p/default")
    }
}
