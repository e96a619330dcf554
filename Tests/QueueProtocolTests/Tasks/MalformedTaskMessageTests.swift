import FoundationEssentials
import QueueProtocol
import Testing

@Suite("Malformed task messages")
struct MalformedTaskMessageTests {
    @Test(
        "what is no JSON",
        arguments: [
            "", " ", "{", "}", "nul", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a: 1}", "01", "-", "1.", "1e", "\"abc",
            "\"\\x\"",
            "\"\\u12g4\"", "\"\u{1}\"", "{} {}", "+1", "'a'", "\"\\u12", "\"\\",
        ])
    func notJSON(text: String) { #expect(code(Array(text.utf8)) == .notJSON) }

    @Test func bytesThatAreNoTextAreNoJSON() {
        #expect(code([0x22, 0xFF, 0x22]) == .notJSON)
        #expect(code([0x80, 0x81]) == .notJSON)
        #expect(code([0]) == .notJSON)
    }

    @Test func deepNestingIsRefusedAndDoesNotCrash() {
        #expect(code(Array(String(repeating: "[", count: 1_000_000).utf8)) == .notJSON)
        #expect(code(Array(String(repeating: "{\"a\":", count: 1_000_000).utf8)) == .notJSON)
    }

    @Test(arguments: ["[]", "1", "null", "\"{}\"", "NaN", "-Infinity", " true "])
    func notAnObject(text: String) { #expect(code(Array(text.utf8)) == .notAnObject) }

    @Test(
        "a missing field is named",
        arguments: [
            "body", "content-type", "headers", "properties", "headers.task", "headers.id", "properties.delivery_tag",
            "properties.delivery_info", "properties.delivery_info.exchange", "properties.delivery_info.routing_key",
        ])
    func missing(path: String) throws {
        #expect(code(try changed(path, to: nil)) == .missing(path))
        #expect(code(try changed(path, to: .integer(5))) == .wrongType(path))
        #expect(code(try changed(path, to: .null)) == .wrongType(path))
    }

    @Test(arguments: ["headers.task", "headers.id", "properties.delivery_tag"])
    func empty(path: String) throws { #expect(code(try changed(path, to: .string(""))) == .wrongType(path)) }

    @Test(
        "a broken body",
        arguments: [
            "%%%%", "", "bm90IGpzb24=", "W10=", "W1tdLCB7fV0=", "W251bGwsIHt9LCB7fV0=", "W1tdLCBudWxsLCB7fV0=",
            "W1tdLCB7fSwgM10=", "e30=", "W1tdLCB7fSwge31dIA",
        ])
    func badBody(body: String) throws {
        let message = try TaskMessage(decoding: changed("body", to: .string(body)))
        #expect(bodyCode(message) == .badBody)
    }

    @Test func otherWaysToWriteTheBodyAreNamed() throws {
        let text = try TaskMessage(decoding: changed("content-type", to: .string("text/json")))
        #expect(bodyCode(text) == .unsupportedContentType("text/json"))
        let hex = try TaskMessage(decoding: changed("properties.body_encoding", to: .string("hex")))
        #expect(bodyCode(hex) == .badBody)
        let squeezed = try TaskMessage(decoding: changed("headers.compression", to: .string("application/x-lzma")))
        #expect(bodyCode(squeezed) == .unsupportedCompression("application/x-lzma"))
    }

    @Test func oddPrioritiesAreTaken() throws {
        for (value, wire) in [
            (WireJSON.string("6"), 6), (.null, 0), (.number("99"), 9), (.number("-1"), 0), (.number("1e400"), 0),
            (.string("urgent"), 0), (.array([]), 0),
        ] {
            #expect(try TaskMessage(decoding: changed("properties.priority", to: value)).priority.wire == wire)
        }
    }

    @Test func errorsDoNotRepeatTheMessage() throws {
        let message = try TaskMessage(decoding: changed("body", to: .string("c2VjcmV0")))
        let error = #expect(throws: TaskMessageError.self) { try message.call() }
        #expect(error.map { !"\($0)".contains("secret") } == true)
    }

    private func code(_ bytes: [UInt8]) -> TaskMessageError.Code? {
        do throws(TaskMessageError) {
            _ = try TaskMessage(decoding: bytes)
            return nil
        } catch { return error.code }
    }

    private func bodyCode(_ message: TaskMessage) -> TaskMessageError.Code? {
        do throws(TaskMessageError) {
            _ = try message.call()
            return nil
        } catch { return error.code }
    }

    private func changed(_ path: String, to value: WireJSON?) throws -> [UInt8] {
        let whole = try WireJSON(decoding: Fixture(name: "task_kwargs").bytes)
        return change(whole, path.split(separator: ".").map(String.init)[...], to: value).encoded()
    }

    private func change(_ json: WireJSON, _ path: ArraySlice<String>, to value: WireJSON?) -> WireJSON {
        guard var object = json.objectValue, let name = path.first else { return json }
        object[name] = path.count == 1 ? value : object[name].map { change($0, path.dropFirst(), to: value) }
        return .object(object)
    }
}
