import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct RetryTests {
    /// A cancelled job of four credits.
    private static func cancelled(_ studio: RunningStudio) async throws -> JobID {
        try await studio.project()
        let reply = try await studio.submit(
            #"{"shot": "SHOT-010", "function": "mock-video", "parameters": {"prompt": "dawn", "seconds": 2}}"#)
        let id = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) }, "\(reply.text)")
        let gone = try await studio.request("POST", "/api/v1/jobs/\(id)/cancel")
        #expect(gone.json["state"] == "cancelled")
        return id
    }

    private static func retry(_ studio: RunningStudio, _ id: JobID, key: String) async throws -> HTTPReply {
        try await studio.request("POST", "/api/v1/jobs/\(id)/retry", headers: ["idempotency-key: \(key)"])
    }

    @Test func `A repeated key gets the first answer, also when the job has moved on`() async throws {
        try await RunningStudio.run { studio async throws in
            let id = try await Self.cancelled(studio)
            let first = try await Self.retry(studio, id, key: "one")
            #expect(first.status == 202 && first.headers["idempotency-replayed"] == nil, "\(first.text)")
            _ = try await studio.request("POST", "/api/v1/jobs/\(id)/cancel")
            let again = try await Self.retry(studio, id, key: "one")
            #expect(again.status == 202 && again.body == first.body)
            #expect(again.headers["location"] == first.headers["location"])
            #expect(again.headers["idempotency-replayed"] == "true")
            #expect(try await studio.request("GET", "/api/v1/jobs/\(id)").json["state"] == "cancelled")
            #expect(try await JobStore(studio.parts.database).get(id)?.round == 1)
        }
    }

    @Test func `One key from many at once begins one round`() async throws {
        try await RunningStudio.run { studio async throws in
            let id = try await Self.cancelled(studio)
            let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { tasks in
                for _ in 0..<6 { tasks.addTask { try await Self.retry(studio, id, key: "one") } }
                return try await tasks.reduce(into: [HTTPReply]()) { $0.append($1) }
            }
            #expect(replies.allSatisfy { $0.status == 202 && $0.body == replies[0].body }, "\(replies.map(\.status))")
            #expect(replies.filter { $0.headers["idempotency-replayed"] == nil }.count == 1)
            #expect(try await JobStore(studio.parts.database).get(id)?.round == 1)
            #expect(try await UserStore(studio.parts.database).account(of: studio.admin.id)?.held == 4)
        }
    }

    @Test func `A refusal leaves the key free, and another request with it is told apart`() async throws {
        try await RunningStudio.run { studio async throws in
            let id = try await Self.cancelled(studio)
            _ = try await Self.retry(studio, id, key: "one")
            let refused = try await Self.retry(studio, id, key: "two")
            #expect(refused.status == 409 && refused.problem == "conflict")
            _ = try await studio.request("POST", "/api/v1/jobs/\(id)/cancel")
            #expect(try await Self.retry(studio, id, key: "two").status == 202)
            let other = try await Self.retry(studio, JobID(), key: "two")
            #expect(other.status == 422 && other.problem == "idempotency-mismatch")
        }
    }
}
