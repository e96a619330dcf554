import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct BatchSubmissionTests {
    private static let path = "/api/v1/projects/film/jobs:batch"
    private static func good(_ shot: String) -> String {
        #"{"shot": "\#(shot)", "function": "mock-video", "parameters": {"prompt": "dawn", "seconds": 2}}"#
    }
    private static func body(_ jobs: [String]) -> String { #"{"jobs": [\#(jobs.joined(separator: ", "))]}"# }

    private static func count(_ studio: RunningStudio) async throws -> Int {
        try await studio.parts.database.withConnection { connection in
            try connection.query("SELECT count(*) AS n FROM jobs")[0].decode("n")
        }
    }

    @Test func `A thousand jobs are one request and one transaction`() async throws {
        try await RunningStudio.run([:], credits: 10_000) { studio async throws in
            try await studio.project()
            let body = Self.body((0..<1000).map { Self.good("SHOT-\($0)") })
            let reply = try await studio.request(
                "POST", Self.path, headers: ["idempotency-key: many"], body: body)
            #expect(reply.status == 202, "\(reply.text.prefix(500))")
            #expect(reply.json["admitted"] == 1000 && reply.json["refused"] == 0)
            let items = reply.json["items"]?.arrayValue ?? []
            #expect(items.count == 1000)
            #expect(items.last?["job"]?["shot"] == "SHOT-999")
            let again = try await studio.request("POST", Self.path, headers: ["idempotency-key: many"], body: body)
            #expect(again.text == reply.text && again.headers["idempotency-replayed"] == "true")
            #expect(try await Self.count(studio) == 1000)
            let transactions = try await studio.parts.database.withConnection { connection in
                try connection.query(
                    "SELECT count(DISTINCT xid) AS n FROM events WHERE payload ->> 'state' = 'queued'")[0]
                    .decode("n", as: Int.self)
            }
            #expect(transactions == 1)
            let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
            #expect(account?.held == 4000 && account?.available == 6000)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `Of a list with bad ones none is kept and each is named`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let bad = [
                Self.good("A"), #"{"shot": "b", "function": "mock-video"}"#, #"{"shot": "C", "function": "nope"}"#,
            ]
            let reply = try await studio.request("POST", Self.path, body: Self.body(bad))
            #expect(reply.status == 400)
            let pointers = reply.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue }
            #expect(pointers == ["/jobs/1/shot", "/jobs/2/function"])
            #expect(try await Self.count(studio) == 0)
            let partial = try await studio.request("POST", Self.path + "?partial=true", body: Self.body(bad))
            #expect(partial.status == 202, "\(partial.text)")
            #expect(partial.json["admitted"] == 1 && partial.json["refused"] == 2)
            let items = partial.json["items"]?.arrayValue ?? []
            #expect(items[0]["job"]?["shot"] == "A")
            #expect(items[1]["problem"]?["status"] == 400 && items[1]["problem"]?["errors"]?.arrayValue?.count == 1)
            #expect(try await Self.count(studio) == 1)
        }
    }

    @Test func `What cannot be paid for is named by its place`() async throws {
        try await RunningStudio.run([:], credits: 9) { studio async throws in
            try await studio.project()
            // Four credits each: the third is too much. The first is refused before, so that places do not shift.
            let jobs = [#"{"shot": "a", "function": "mock-video"}"#] + ["A", "B", "C"].map(Self.good)
            let whole = try await studio.request("POST", Self.path, body: Self.body(Array(jobs[1...])))
            #expect(whole.status == 402)
            #expect(whole.json["detail"]?.stringValue?.hasPrefix("/jobs/2: ") == true)
            let partial = try await studio.request("POST", Self.path + "?partial=true", body: Self.body(jobs))
            let found = partial.json["items"]?.arrayValue?.map { $0["problem"]?["type"]?.stringValue ?? "job" }
            #expect(found == ["/problems/validation-failed", "job", "job", "/problems/insufficient-credits"])
            // Where none is good it is a refusal like any other.
            let none = try await studio.request(
                "POST", Self.path + "?partial=true", body: Self.body([jobs[0], jobs[3]]))
            #expect(none.status == 402)
            #expect(none.json["detail"]?.stringValue?.hasPrefix("/jobs/1: ") == true, "\(none.text)")
        }
    }

    @Test(arguments: ["[]", #"{"jobs": []}"#, #"{"jobs": 1}"#, #"{"jobs": [{}], "more": 1}"#, "{"])
    func `What is no list of submissions is refused`(body: String) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            #expect(try await studio.request("POST", Self.path, body: body).status == 400)
            #expect(try await studio.request("POST", Self.path + "?partial=maybe", body: body).status == 400)
        }
    }
}
