import QueueProtocol
import StudioCore
import StudioPostgres
import Testing

@testable import GatewayServer

@Suite struct QuotaTests {
    private static let good = #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "dawn"}}"#

    @Test func `At the limit a submission and a retry are refused until a job is done`() async throws {
        try await RunningStudio.run(["MAX_ACTIVE_JOBS_PER_USER": "1"]) { studio async throws in
            let film = try await studio.project()
            #expect(try await studio.request("GET", "/api/v1/me").json["quotas"]?["activeJobs"] == 1)
            let first = try #require(try await studio.submit(Self.good).json["id"]?.stringValue)
            let held = try await UserStore(studio.parts.database).account(of: studio.admin.id)?.held
            let refused = try await studio.submit(Self.good, headers: ["idempotency-key: two"])
            #expect(refused.status == 429 && refused.problem == "quota-exceeded", "\(refused.text)")
            #expect(refused.headers["retry-after"] == nil)
            #expect(try await JobStore(studio.parts.database).list(project: film.id).count == 1)
            #expect(try await UserStore(studio.parts.database).account(of: studio.admin.id)?.held == held)
            _ = try await studio.request("POST", "/api/v1/jobs/\(first)/cancel")
            #expect(try await studio.submit(Self.good, headers: ["idempotency-key: two"]).status == 202)
            let retry = try await studio.request("POST", "/api/v1/jobs/\(first)/retry")
            #expect(retry.status == 429 && retry.problem == "quota-exceeded", "\(retry.text)")
        }
    }

    @Test func `Without a limit the quota is null`() async throws {
        try await RunningStudio.run(["MAX_ACTIVE_JOBS_PER_USER": "0"]) { studio async throws in
            let me = try await studio.request("GET", "/api/v1/me")
            #expect(me.json["quotas"]?["activeJobs"]?.isNull == true)
        }
    }
}
