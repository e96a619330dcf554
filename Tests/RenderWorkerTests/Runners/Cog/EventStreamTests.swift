import StudioTestKit
import Testing

@testable import RenderWorker

/// Events as they come over HTTP, cut anywhere.
@Suite("Server-sent events") struct EventStreamTests {
    private static let text =
        ": hello\n\nevent: start\ndata: {\"id\":\"a\"}\n\nevent: log\r\ndata: one\r\ndata: two\r\nid: 7\r\n\r\n"
        + "data:  spaced\rretry: 3\r\rdata\n\nevent: nothing\n\ndata: unfinished"

    @Test("They are the same however the bytes are cut", arguments: 1...40)
    func cut(length: Int) throws {
        var stream = EventStream(limit: 1000)
        var events: [EventStream.Event] = []
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count, by: length) {
            events += try stream.feed(bytes[start..<min(bytes.count, start + length)])
        }
        #expect(
            events.map { "\($0.name)=\(String(decoding: $0.data, as: UTF8.self))" } == [
                "start={\"id\":\"a\"}", "log=one\ntwo", "message= spaced", "message=",
            ])
        #expect(stream.finish() == nil)
    }

    @Test("An answer that is no stream is handed out whole")
    func document() throws {
        var stream = EventStream(limit: 1000)
        #expect(try stream.feed(Array("{\"status\":".utf8)).isEmpty)
        #expect(try stream.feed(Array("\n\n\"failed\"}".utf8)).isEmpty)
        #expect(stream.finish()?.data == Array("{\"status\":\n\n\"failed\"}".utf8))
    }

    @Test("One event has a bound")
    func bound() throws {
        var stream = EventStream(limit: 100)
        for _ in 0..<100 { _ = try stream.feed(Array("data: 0123456789\n\n".utf8)) }
        _ = try stream.feed(Array("data: ".utf8))
        #expect(throws: EventStream.TooLarge.self) { try stream.feed([UInt8](repeating: 65, count: 200)) }
        var document = EventStream(limit: 100)
        #expect(throws: EventStream.TooLarge.self) {
            for _ in 0..<100 { _ = try document.feed(Array("{\"status\"".utf8)) }
        }
    }
}
