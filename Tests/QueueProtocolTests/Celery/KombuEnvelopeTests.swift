import FoundationEssentials
import QueueProtocol
import Testing

/// Messages between a real Celery 5.7 and its monitors, byte for byte.
@Suite struct KombuEnvelopeTests {
    private static let names = try? FileManager.default.contentsOfDirectory(atPath: Fixture.folder.path)
        .filter { $0.hasPrefix("event_") || $0.hasPrefix("pidbox_") }.map { String($0.dropLast(5)) }.sorted()

    @Test func whatCeleryWroteIsReadAndWrittenAlike() throws {
        let names = try #require(Self.names)
        #expect(names.count == 56)
        for name in names {
            let bytes = try Fixture(name: name).bytes
            let envelope = try KombuEnvelope(decoding: bytes)
            #expect(envelope.exchange.isEmpty == false, "\(name)")
            let written = try KombuEnvelope(decoding: envelope.encoded())
            #expect(written == envelope, "\(name)")
            // Their message and ours have the same members, at every place.
            guard case .object(let theirs) = try WireJSON(decoding: bytes),
                case .object(let ours) = try WireJSON(decoding: envelope.encoded())
            else {
                Issue.record("\(name) is no object")
                continue
            }
            #expect(ours.members.map(\.name) == theirs.members.map(\.name), "\(name)")
            #expect(
                ours["properties"]?.objectValue?.members.map(\.name)
                    == theirs["properties"]?.objectValue?.members.map(\.name), "\(name)")
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"body": 3, "content-type": "application/json"}"#,
        #"{"body": "e30=", "content-type": "application/x-python-serialize"}"#,
        #"{"body": "***", "content-type": "application/json", "properties": {"body_encoding": "base64"}}"#,
        #"{"body": "{", "content-type": "application/json"}"#,
    ])
    func whatIsNoMessageIsRefused(_ text: String) {
        #expect(throws: TaskMessageError.self) { try KombuEnvelope(decoding: Array(text.utf8)) }
    }

    @Test func aPlainBodyIsReadToo() throws {
        let text = #"{"body": "{\"a\": 1}", "content-type": "application/json"}"#
        #expect(try KombuEnvelope(decoding: Array(text.utf8)).body == .object(["a": .number("1")]))
    }
}
