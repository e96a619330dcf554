import FoundationEssentials
import QueueProtocol
import Testing

@testable import GatewayServer

/// The witness itself: that it finds what it is there for.
@Suite("The contract") struct ContractTests {
    private static let health = #"{"status":"ok"}"#
    private static let problem =
        #"{"type":"/problems/not-found","title":"There is no such thing","status":404,"detail":"x","instance":"/x"}"#

    private func faults(
        _ method: String?, _ target: String, _ status: Int, _ body: String, _ type: String = "application/json",
        headers: [String: String] = [:]
    ) -> [String] {
        let headers = headers.merging(["content-type": type]) { own, _ in own }
        return Contract.studio.faults(
            of: HTTPReply(status: status, headers: headers, body: Array(body.utf8)), to: method, target)
    }

    @Test func isContentWithWhatItStates() {
        #expect(faults("GET", "/healthz?x=1", 200, Self.health) == [])
        #expect(faults("HEAD", "/healthz", 200, "") == [])
        let type = "application/problem+json"
        #expect(faults("GET", "/api/v1/projects/film", 404, Self.problem, type) == [])
        #expect(faults("GET", "/nowhere", 404, Self.problem, type) == [])
        #expect(faults(nil, "", 404, Self.problem, type) == [])
        let file = "/api/v1/projects/film/files/01_Assets/a/b.json"
        #expect(faults("GET", file, 200, "no JSON at all", headers: ["etag": "x"]) == [])
    }

    @Test(arguments: [
        ("/healthz", 200, #"{}"#, "/status: is missing"),
        ("/healthz", 200, #"{"status":"ok","more":1}"#, "/more: is not described"),
        ("/healthz", 200, #"{"status":"well"}"#, "/status: "), ("/healthz", 200, #"{"status":1}"#, "/status: "),
        ("/healthz", 200, "", "is not JSON"), ("/healthz", 202, health, "the status is not stated"),
        (
            "/readyz", 200, #"{"status":"ready","checks":{"a":{"status":"ok","why":""}}}"#,
            "/checks/a/why: is not described"
        ),
        ("/api/v1/projects/film", 200, #"{"id":1}"#, "ETag is stated and missing"),
        ("/api/v1/functions", 200, #"{"items":[],"nextCursor":1}"#, "/nextCursor: fits none"),
    ])
    func findsWhatItDoesNotState(target: String, status: Int, body: String, fault: String) {
        #expect(faults("GET", target, status, body).contains { $0.hasPrefix(fault) }, "\(target) \(body)")
    }

    @Test func findsProblemsThatAreNotStatedOrNotWhole() {
        let type = "application/problem+json"
        #expect(faults("GET", "/healthz", 404, Self.problem, type) == ["the problem not-found is not stated"])
        #expect(faults("GET", "/nowhere", 409, Self.problem, type) == ["/status: is another than the answer's"])
        let cut = Self.problem.replacing(#""detail":"x","#, with: "")
        #expect(faults("GET", "/nowhere", 404, cut, type) == ["/detail: is missing"])
        let unknown = Self.problem.replacing("not-found", with: "not-known")
        #expect(!faults("GET", "/nowhere", 404, unknown, type).isEmpty)
        #expect(faults("GET", "/nowhere", 404, "{}") == ["is no problem document"])
        #expect(faults("GET", "/healthz", 200, Self.health, "text/plain") == ["text/plain is not stated"])
        #expect(
            faults("GET", "/healthz", 200, Self.health, headers: ["location": "/x"]) == ["Location is not stated"])
    }

    @Test func looksAtEveryKeywordOfTheDocument() {
        func unknown(in schema: JSONValue) -> [String] {
            let below =
                (schema["properties"]?.objectValue.map { Array($0.values) } ?? []) + (schema["anyOf"]?.arrayValue ?? [])
                + [schema["items"], schema["additionalProperties"]].compactMap { $0 }.filter { $0.objectValue != nil }
            return SchemaFaults(schemas: [:]).find(.null, schema).filter { $0.contains("nothing") }
                + below.flatMap(unknown)
        }
        for (name, schema) in OpenAPISchemas.all { #expect(unknown(in: schema.json) == [], "\(name)") }
        let schema = SchemaFaults(schemas: [:])
        #expect(schema.find(3, ["type": "integer", "multipleOf": 2]) == [": nothing looks at the keyword multipleOf"])
        #expect(schema.find("x", ["type": "string", "format": "uri"]).count == 1)
    }
}
