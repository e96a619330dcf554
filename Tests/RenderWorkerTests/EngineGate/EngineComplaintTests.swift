import NIOCore
import Testing

@testable import RenderWorker

@Suite("What an engine says that it cannot") struct EngineComplaintTests {
    @Test("Answers that are none are not kept", arguments: [200, 201, 204, 304, 404, 409])
    func others(_ status: Int) {
        #expect(EngineComplaint(status: status) == nil)
    }

    @Test("The engine's own words are kept, in pieces as they come", arguments: [400, 500, 503])
    func words(_ status: Int) throws {
        var complaint = try #require(EngineComplaint(status: status))
        complaint.add(ByteBuffer(string: #"{"message": "invalid mount "#))
        complaint.add(ByteBuffer(string: #"config"}"#))
        #expect(complaint.words == "invalid mount config")
    }

    @Test("No more is kept than a line of a log should have")
    func bound() throws {
        var complaint = try #require(EngineComplaint(status: 500))
        for _ in 0..<5 { complaint.add(ByteBuffer(repeating: 0x61, count: 1500)) }
        #expect(complaint.words.utf8.count == EngineComplaint.mostBytes)
    }
}
