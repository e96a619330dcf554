import FoundationEssentials
import QueueProtocol
import Testing

@Suite("JSON values")
struct JSONValueTests {
    @Test(
        "whole numbers stay exact over the whole 64-bit range, both signs",
        arguments: [
            "0", "1", "-1", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "18446744073709551615",
        ])
    func exactIntegers(text: String) throws {
        let value = try JSONText.decode(JSONValue.self, from: text)
        #expect(try JSONText.string(value) == text)
    }

    @Test func seedsAreReadAsUnsigned() throws {
        #expect(try JSONText.decode(JSONValue.self, from: "18446744073709551615").uint64Value == .max)
        #expect(try JSONText.decode(JSONValue.self, from: "-1").uint64Value == nil)
        #expect(try JSONText.decode(JSONValue.self, from: "1.5").uint64Value == nil)
        #expect(JSONValue.number(2.0).intValue == 2)
        #expect(JSONValue.number(1e300).intValue == nil)
        #expect(JSONValue.unsigned(.max).intValue == nil)
    }

    /// A missing value is no `null`: where `nil` could stand for it, a member that was not there became one silently.
    @Test func nilIsNoJSON() {
        #expect(!(JSONValue.null as Any is any ExpressibleByNilLiteral))
    }

    @Test func everyKindSurvives() throws {
        let text = #"{"a":[null,true,false,1,-2.5,"x"],"b":{}}"#
        let value = try JSONText.decode(JSONValue.self, from: text)
        #expect(
            value == [
                "a": [.null, true, false, 1, -2.5, "x"], "b": [:],
            ])
        #expect(try JSONText.string(value, sortedKeys: true) == text)
        #expect(value["a"]?.arrayValue?.count == 6)
        #expect(value["a"]?.arrayValue?[1].boolValue == true)
        #expect(value["missing"] == nil)
        #expect(value["b"]?.objectValue?.isEmpty == true)
    }

    @Test func notANumberIsRefused() {
        #expect(throws: EncodingError.self) { try JSONText.string(JSONValue.number(.nan)) }
    }

    @Test(
        "what is no JSON by the standard is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\":1,}", "NaN", "-Infinity", "01", "1.", "'a'", "\"\u{1}\"", #""\ud800""#,
            #""\udc00""#,
            #""\ud800\u0041""#, "1e999", "1 2", "tru", "\"a", "{1:2}", String(repeating: "[", count: 100_000),
        ])
    func strictness(text: String) {
        let error = #expect(throws: DecodingError.self) { try JSONText.decode(JSONValue.self, from: text) }
        guard case .dataCorrupted(let context)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.codingPath.isEmpty)
    }

    @Test(
        "what is read and written is what Foundation's coders read and write",
        arguments: [
            #"{"a":[null,true,-2.5,1e3,2.0,0.1,1e-7,123456789012345680000,"x"],"b":{"z":{},"y":[]}}"#,
            #""\ud83d\ude00 \u00e4 \"\\\/\b\f\n\r\t\u0000\u001f""#, " [ 1 , 2 ] \n", "\"\u{7F}ä😀\"", "-0", "1.5e300",
        ])
    func agreement(text: String) throws {
        let ours = try JSONText.decode(JSONValue.self, from: text)
        let theirs = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(ours == theirs)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        #expect(
            try JSONText.string(ours, sortedKeys: true) == String(decoding: encoder.encode(theirs), as: UTF8.self))
    }

    @Test func documentsAreSortedIndentedAndEndWithANewline() throws {
        let value: JSONValue = ["b": [1, ["z": "a/b", "y": []]], "a": [:], "ä": "\u{1}\n\""]
        let text = String(decoding: try JSONText.document(value), as: UTF8.self)
        #expect(
            text == """
                {
                  "a": {},
                  "b": [
                    1,
                    {
                      "y": [],
                      "z": "a/b"
                    }
                  ],
                  "ä": "\\u0001\\n\\""
                }

                """)
        #expect(try JSONText.decode(JSONValue.self, from: text) == value)
    }

    @Test func timesAreWrittenAndReadAsRFC3339() throws {
        let date = Date(timeIntervalSince1970: 1_795_248_214.95)
        #expect(try JSONText.string([date]) == #"["2026-11-21T08:03:34.950Z"]"#)
        #expect(try JSONText.decode([Date].self, from: #"["2026-11-21T08:03:34.950Z"]"#) == [date])
        #expect(throws: DecodingError.self) { try JSONText.decode([Date].self, from: #"["yesterday"]"#) }
    }
}
