import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioCore
import Testing

@testable import GatewayServer

@Suite("Reading requests") struct RequestReadingTests {
    private func request(_ path: String = "/", _ headers: HTTPFields = [:]) -> Request {
        Request(
            head: HTTPRequest(method: .get, scheme: "http", authority: "test", path: path, headerFields: headers),
            body: RequestBody(buffer: ByteBuffer()))
    }

    // MARK: Trace

    @Test func continuesTracesAndBeginsOthers() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let continued = TraceParent(continuing: parent)
        #expect(continued.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(continued.spanID != "00f067aa0ba902b7")
        #expect(continued.description == "00-4bf92f3577b34da6a3ce929d0e0e4736-\(continued.spanID)-01")
        #expect(TraceParent(continuing: "cc" + parent.dropFirst(2) + "-more").traceID == continued.traceID)
        let broken = [
            "", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "ff" + parent.dropFirst(2), parent + "-more",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00-4bf92f35-00f067aa0ba902b7-01",
        ]
        for header in broken {
            let fresh = TraceParent(continuing: header)
            #expect(fresh.traceID != continued.traceID, "\(header)")
            #expect(fresh.traceID.utf8.count == 32 && fresh.spanID.utf8.count == 16)
        }
    }

    // MARK: Bodies

    private struct Body: Decodable {
        struct Inner: Decodable {
            let count: Int
        }
        let name: String
        let when: Date?
        let items: [Inner]
    }

    @Test(arguments: [
        (#"{"items":[]}"#, "/name", "required"), (#"{"name":null,"items":[]}"#, "/name", "required"),
        (#"{"name":1,"items":[]}"#, "/name", "type"),
        (#"{"name":"x","items":[{"count":1},{"count":"y"}]}"#, "/items/1/count", "type"),
        (#"{"name":"x","items":{}}"#, "/items", "type"), (#"{"name":"x","when":"soon","items":[]}"#, "/when", "format"),
        ("[]", "", "type"), ("{", "", "json-invalid"), ("", "", "json-invalid"),
    ])
    func saysWhereABodyIsWrong(body: String, pointer: String, code: String) throws {
        let error = #expect(throws: StudioError.self) { try JSONBody.decode(Body.self, from: Data(body.utf8)) }
        #expect(error?.code == .invalid)
        #expect(error?.findings.first?.pointer == pointer)
        #expect(error?.findings.first?.code == code)
    }

    @Test(arguments: [
        ("application/json", true), ("application/json; charset=utf-8", true),
        ("Application/JSON;charset=\"UTF-8\"", true),
        ("application/merge-patch+json", true), ("application/json; charset=latin1", false), ("text/json", false),
        ("application/x-www-form-urlencoded", false), ("", false),
    ])
    func readsJSONOnly(contentType: String, isRead: Bool) async throws {
        let request = request("/", [.contentType: contentType])
        if isRead {
            #expect(try await request.collectJSON(limit: 10).isEmpty)
        } else {
            let error = await #expect(throws: StudioError.self) { try await request.collectJSON(limit: 10) }
            #expect(error?.code == .unsupportedMediaType)
        }
    }

    // MARK: Pages

    @Test func readsPages() throws {
        #expect(try PageRequest(request()).limit == 50)
        #expect(try PageRequest(request("/?limit=200")).limit == 200)
        let id = JobID()
        let rows = [1, 2, 3]
        let first = try PageRequest(request("/?limit=2"))
        let page = Page(rows, for: first, key: { _ in id.description }, item: { $0 })
        #expect(page.items == [1, 2])
        let cursor = try #require(page.nextCursor)
        #expect(try PageRequest(request("/?cursor=\(cursor)")).after(JobID.self) == id)
        #expect(Page([1, 2], for: first, key: { "\($0)" }, item: { $0 }).nextCursor == nil)
        #expect(try JSONText.string(Page([1], nextKey: nil), sortedKeys: true) == #"{"items":[1],"nextCursor":null}"#)
        let foreign = Page([1], nextKey: "no id").nextCursor ?? ""
        #expect(throws: StudioError.self) { try PageRequest(request("/?cursor=\(foreign)")).after(JobID.self) }
    }

    // MARK: Versions

    @Test func comparesVersions() throws {
        let tag = EntityTag(revision: 7)
        #expect(tag.description == "\"r7\"")
        #expect(tag.revision == 7)
        func check(_ header: String?) -> StudioError.Code? {
            var fields: HTTPFields = [:]
            fields[.ifMatch] = header
            do {
                try request("/", fields).requireIfMatch(tag)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(check(#""r7""#) == nil)
        #expect(check(#""r6", "r7""#) == nil)
        #expect(check("*") == nil)
        #expect(check(nil) == .preconditionRequired)
        #expect(check(#"W/"r7""#) == .preconditionFailed)
        #expect(check(#""r6""#) == .preconditionFailed)
        #expect(check("r7") == .preconditionFailed)
        #expect(check(#""r7"#) == .preconditionFailed)
        #expect(try request("/", [.ifMatch: #""r12""#]).ifMatchRevision() == 12)
        #expect(try request("/", [.ifMatch: "*"]).ifMatchRevision() == nil)
        #expect(throws: StudioError.self) { try request("/", [.ifMatch: #""x""#]).ifMatchRevision() }
    }

    @Test func writesAndReadsDates() {
        let date = Date(timeIntervalSince1970: 784_111_777.9)
        #expect(HTTPDate.text(date) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
        for text in [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT",
        ] {
            #expect(HTTPDate.parse(text) == nil, "\(text)")
        }
    }

    @Test func decodesPercents() {
        #expect(PercentCoding.decode("a%20b%C3%A9") == "a bé")
        for text in ["%", "%4", "%zz", "%FF", "%C3"] { #expect(PercentCoding.decode(text) == nil, "\(text)") }
        #expect(PercentCoding.encode("a b/é~") == "a%20b%2F%C3%A9~")
    }
}
