import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

/// What operators look at and mend.
@Suite struct OperatorTests {
    private static func fail(_ studio: RunningStudio, as worker: WorkerID, _ code: FailureCode) async throws -> JobID {
        let reply = try await studio.submit(#"{"shot": "A", "function": "noop", "maxAttempts": 1}"#)
        let job = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
        let jobs = JobStore(studio.parts.database)
        let claimed = try #require(
            try await jobs.claim([job], worker: worker, name: "w1", lease: .seconds(60)).first)
        let claim = HeldClaim(job: job, attempt: claimed.attempt)
        try await jobs.appendLog(claim, sequence: 0, lines: "this went wrong\n")
        _ = try await jobs.fail(
            claim, failure: JobFailure(code, "It broke.", logTail: "this went wrong"), retryDelay: .zero)
        return job
    }

    @Test func `Dead jobs are listed with every cause and log, and retried`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let job = try await Self.fail(studio, as: WorkerID(), .runnerFailed)
            let list = try await studio.request("GET", "/api/v1/admin/dead-jobs?code=runner-failed&function=noop")
            #expect(list.status == 200 && list.json["nextCursor"] == .null)
            let dead = try #require(list.json["items"]?.arrayValue?.first)
            #expect(dead["id"]?.stringValue == job.description && dead["failure"]?["code"] == "runner-failed")
            let attempt = try #require(dead["attempts"]?.arrayValue?.first)
            #expect(attempt["failure"]?["logTail"] == "this went wrong" && attempt["workerName"] == "w1")
            let log = try await studio.request("GET", try #require(attempt["log"]?.stringValue))
            #expect(log.text == "this went wrong\n")
            #expect(try await studio.request("GET", "/api/v1/admin/dead-jobs?code=nonsense").status == 400)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(job)/retry").status == 202)
            #expect(try await studio.request("GET", "/api/v1/admin/dead-jobs").json["items"] == [])
            #expect(try await studio.request("GET", "/api/v1/jobs/\(job)").json["attempts"]?.arrayValue?.count == 1)
        }
    }

    @Test func `A worker is drained: at once by message, for good by its row, and once`() async throws {
        try await RunningStudio.run { studio async throws in
            let (worker, workers) = (WorkerID(), WorkerStore(studio.parts.database))
            try await workers.register(
                WorkerRegistration(
                    id: worker, name: "w1", hostname: "here", pid: 1, version: "1", queues: ["studio"], slots: 2))
            let path = "/api/v1/workers/\(worker)/drain"
            let heard = Watched<[ControlMessage]>([])
            let control = try await studio.parts.bus.control(of: worker)
            let listening = Task {
                for await case .value(let message) in control { heard.update { $0.append(message) } }
            }
            defer { listening.cancel() }
            try await eventually("it listens") {
                try await studio.parts.bus.send(.unrecognised("hello"), to: worker) == 1
            }
            for _ in 0..<2 {
                let drained = try await studio.request("POST", path, body: "{}")
                #expect(drained.status == 202, "\(drained.text)")
                #expect(drained.json["id"]?.stringValue == "\(worker)" && drained.json["state"] == "draining")
                // What it says of itself before it has heard does not undo it.
                #expect(try await workers.touch(worker, state: .serving) == .draining)
            }
            _ = try await heard.wait("both messages") { $0.count { $0 == .drain } == 2 ? true : nil }
            try await workers.stop(worker)
            let stopped = try await studio.request("POST", path)
            #expect(stopped.status == 200 && stopped.json["state"] == "stopped", "\(stopped.text)")
            #expect(try await studio.request("GET", "/api/v1/workers").json["items"] == [])
            let missing = try await studio.request("POST", "/api/v1/workers/\(WorkerID())/drain")
            #expect(missing.status == 404 && missing.problem == "not-found")
            let nobody = try await RunningStudio.request(port: studio.port, "POST", path)
            #expect(nobody.status == 401)
        }
    }

    @Test func `A blocked worker is shown, and given the function again`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let worker = WorkerID()
            try await WorkerStore(studio.parts.database).register(
                WorkerRegistration(
                    id: worker, name: "w1", hostname: "here", pid: 1, version: "1", queues: ["studio"], slots: 2))
            for _ in 0..<3 { _ = try await Self.fail(studio, as: worker, .runnerFailed) }
            let list = try await studio.request("GET", "/api/v1/admin/worker-blocks")
            let block = try #require(list.json["items"]?.arrayValue?.first)
            #expect(block["worker"]?.stringValue == worker.description && block["function"] == "noop")
            #expect(block["failures"] == 3 && block["lastCode"] == "runner-failed")
            let workers = try await studio.request("GET", "/api/v1/workers")
            #expect(workers.json["items"]?.arrayValue?.first?["blockedFunctions"] == ["noop"])
            let path = "/api/v1/admin/worker-blocks/\(worker)/noop"
            #expect(try await studio.request("DELETE", path).status == 204)
            #expect(try await studio.request("DELETE", path).status == 404)
            #expect(try await studio.request("GET", "/api/v1/admin/worker-blocks").json["items"] == [])
            for route in ["dead-jobs", "worker-blocks"] {
                let reply = try await RunningStudio.request(port: studio.port, "GET", "/api/v1/admin/\(route)")
                #expect(reply.status == 401)
            }
        }
    }
}
