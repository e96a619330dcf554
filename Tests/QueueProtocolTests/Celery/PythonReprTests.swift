import QueueProtocol
import StudioTestKit
import Testing

@Suite struct PythonReprTests {
    /// Python itself says how it spells each.
    @Test func valuesAreSpeltAsPythonSpellsThem() async throws {
        let values: [JSONValue] = [
            .null, true, false, 0, -7, .unsigned(.max), 0.5, 1e-7, 1e22, 2.0, "plain", "it's", "say \"it's\"",
            "say \"so\"", "back\\slash", "tab\tline\nreturn\r", "\u{1}\u{7f}\u{85}", "Grüße, 東京 🎬", [],
            [1, "a", .null],
            [:], ["a": 1], ["shot": "SHOT-010", "nested": ["list": [1.5, true]]],
        ]
        let source = """
            import json, sys
            for line in json.loads(sys.argv[1]):
                value = line
                if isinstance(value, dict):
                    value = dict(sorted(value.items()))
                print(repr(value))
            """
        let done = try await PythonProgram.run(source, [try JSONText.string(JSONValue.array(values))])
        #expect(done.exit == .code(0), "\(done.errors)")
        let spelt = done.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(spelt.count == values.count)
        for (value, text) in zip(values, spelt) {
            // The wire's 2.0 is written as 2 by us, and a whole number is what Python then reads.
            let expected = value == 2.0 ? "2.0" : value == 1e22 ? "1e+22" : text
            #expect(PythonRepr.text(value) == expected)
        }
    }

    @Test func whatIsLongIsCut() {
        let text = PythonRepr.text(.string(String(repeating: "x", count: 5000)))
        #expect(text.count == PythonRepr.longest && text.hasSuffix("x…"))
        #expect(PythonRepr.exception("ValueError", "no", "it's") == #"ValueError('no', "it's")"#)
    }
}
