import QueueProtocol
import StudioCore
import Testing

@testable import RenderWorker

/// What is asked of the gate, and what becomes of it before an engine is asked at all.
@Suite("Requests at the engine gate") struct GateOrderTests {
    private static func order(
        _ method: String, _ target: String, body: [UInt8] = []
    ) throws(GateRefusal) -> GateOrder {
        try GateOrder(GateRequest(method: method, target: target, body: body))
    }

    private static let id = String(repeating: "a1", count: 32)

    @Test("What runners ask is understood, with and without a version of the API")
    func good() throws {
        for prefix in ["", "/v1.41"] {
            #expect(try Self.order("GET", prefix + "/version") == .version)
            #expect(try Self.order("GET", prefix + "/info") == .capacity)
            #expect(
                try Self.order("GET", prefix + "/images/127.0.0.1:5000/a/b@sha256:ab/json")
                    == .image(GateCall("GET", "/images/127.0.0.1:5000/a/b@sha256:ab/json")))
            #expect(
                try Self.order("POST", prefix + "/images/create?fromImage=r.io%2Fa&tag=1")
                    == .image(GateCall("POST", "/images/create", query: ["fromImage": "r.io/a", "tag": "1"])))
            #expect(
                try Self.order(
                    "GET", prefix + "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22studio.job%22%5D%7D")
                    == .list(labels: ["studio.job"], all: true))
            #expect(
                try Self.order("POST", prefix + "/containers/\(Self.id)/attach?stream=1&stdout=1&stderr=1")
                    == .container(Self.id, .attach, query: ["stream": "1", "stdout": "1", "stderr": "1"]))
            #expect(
                try Self.order("DELETE", prefix + "/containers/studio-a?force=1&v=1")
                    == .container("studio-a", .remove, query: ["force": "1", "v": "1"]))
            for deed in [GateOrder.Deed.start, .wait, .stop, .kill] {
                #expect(
                    try Self.order("POST", prefix + "/containers/studio-a/\(deed.rawValue)")
                        == .container("studio-a", deed, query: [:]))
            }
            #expect(
                try Self.order("POST", prefix + "/containers/create?name=studio-a", body: Array(#"{"a":1}"#.utf8))
                    == .create(name: "studio-a", body: ["a": 1]))
        }
    }

    @Test(
        "Everything else is refused",
        arguments: [
            ("GET", "/containers/\(id)/archive?path=/"), ("PUT", "/containers/\(id)/archive?path=/"),
            ("POST", "/containers/\(id)/exec"), ("POST", "/exec/\(id)/start"), ("POST", "/containers/\(id)/update"),
            ("POST", "/containers/\(id)/rename?name=studio-b"), ("POST", "/containers/\(id)/restart"),
            ("POST", "/containers/\(id)/pause"), ("GET", "/containers/\(id)/export"), ("GET", "/containers/\(id)/top"),
            ("GET", "/containers/\(id)/changes"), ("POST", "/containers/prune"), ("POST", "/build"),
            ("POST", "/commit"),
            ("GET", "/images/json"), ("POST", "/images/load"), ("GET", "/images/get"), ("POST", "/images/a/push"),
            ("POST", "/images/a/tag"), ("DELETE", "/images/a"), ("POST", "/images/create?fromSrc=-&repo=a&tag=b"),
            ("POST", "/images/create?fromImage=a"), ("POST", "/images/create?fromImage=a&tag=b&platform=c"),
            ("POST", "/volumes/create"), ("GET", "/volumes"), ("POST", "/networks/create"), ("GET", "/networks"),
            ("GET", "/events"), ("GET", "/system/df"), ("POST", "/swarm/init"), ("POST", "/plugins/pull"),
            ("POST", "/session"),
            ("GET", "/secrets"), ("POST", "/auth"), ("GET", "/distribution/a/json"), ("OPTIONS", "/version"),
            ("POST", "/containers/create"), ("POST", "/containers/create?name=other"), ("HEAD", "/containers/json"),
            ("POST", "/containers/\(id)/attach?stream=1&stdin=1"), ("POST", "/containers/\(id)/start?checkpoint=x"),
            ("POST", "/containers/\(id)/kill?signal=%20"), ("GET", "/containers/\(id)/logs?since=x"),
            ("GET", "/containers/\(id)/json?size=1"),
            ("GET", "/containers/json?filters=%7B%22name%22%3A%5B%22a%22%5D%7D"),
            ("GET", "/containers/json?limit=1"), ("POST", "/containers/a/../create?name=studio-a"),
            ("GET", "//containers/json"), ("GET", "/containers/json/"), ("GET", "/containers/%2e%2e/json"),
            ("GET", "containers/json"), ("GET", "http://engine/containers/json"), ("GET", "/v1.41/v1.41/version"),
            ("GET", "/containers/json?all=1&all=0"), ("GET", "/containers/json?all=%zz"),
            ("GET", "/containers/a%00b/json"),
            ("POST", "/grpc"), ("GET", ""),
        ])
    func bad(_ method: String, _ target: String) {
        #expect(throws: GateRefusal.self) { try Self.order(method, target, body: []) }
    }

    @Test("A body comes with a description of a container only")
    func bodies() throws {
        #expect(throws: GateRefusal.self) {
            try Self.order("POST", "/containers/\(Self.id)/start", body: Array(#"{"Privileged":true}"#.utf8))
        }
        for text in ["", "[]", "{", #"{"a":1}{"b":2}"#] {
            #expect(throws: GateRefusal.self) {
                try Self.order("POST", "/containers/create?name=studio-a", body: Array(text.utf8))
            }
        }
    }

    @Test("What the engine is sent is written anew")
    func written() {
        let call = GateCall(.remove, to: Self.id, query: ["v": "1", "force": "a&b=c"])
        #expect(call.target(version: .init(major: 1, minor: 41)) == "/v1.41/containers/\(Self.id)?force=a%26b%3Dc&v=1")
    }
}
