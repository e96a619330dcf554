import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct RecoveryTests {
    @Test func `A job whose worker was lost is queued again and its message is back`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(
                #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
            let id = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
            let jobs = JobStore(studio.parts.database)
            let claimed = try await jobs.claim([id], worker: WorkerID(), name: "gone", lease: .milliseconds(1))
            #expect(claimed.count == 1)
            try await eventually("the job is queued again") {
                await studio.parts.recovery.look()
                return try await jobs.get(id)?.state == .queued
            }
            let attempts = try await studio.request("GET", "/api/v1/jobs/\(id)").json["attempts"]?.arrayValue
            #expect(attempts?.first?["outcome"] == "lost")
            try await eventually("it is on the runway again") {
                try await jobs.get(id)?.pushedAt != nil
            }
        }
    }

    @Test func `A look that an outage held up takes no leases`() async throws {
        let server = try await PrivatePostgres()
        let uri = try await server.database()
        let ground = try await RunningStudio.Ground.make(["DATABASE_URL": uri])
        let submitted = Watched<JobID?>(nil)
        try await RunningStudio.run(on: ground) { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(
                #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
            submitted.update { $0 = reply.json["id"]?.stringValue.flatMap { JobID($0) } }
        }
        let id = try #require(submitted.value)
        // A gateway that only looks when it is told to.
        let parts = try GatewayParts(ground.configuration)
        let jobs = JobStore(parts.database)
        let worker = WorkerID()
        let claimed = try #require(
            try await jobs.claim([id], worker: worker, name: "living", lease: .seconds(600)).first)
        for _ in 0..<Recovery.Pace().leaseLooks { await parts.recovery.look() }
        try await server.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 hour'", in: uri)
        try await server.stop()
        async let held: Void = parts.recovery.look()
        try await server.start()
        await held
        #expect(try await jobs.get(id)?.state == .running)
        // The worker lives, and renews as soon as it can.
        let claim = HeldClaim(job: id, attempt: claimed.attempt)
        let renewed = try await jobs.heartbeat(worker: worker, claims: [claim], lease: .seconds(600))
        #expect(renewed.first?.isHeld == true)
        for _ in 0..<Recovery.Pace().leaseLooks { await parts.recovery.look() }
        #expect(try await jobs.get(id)?.state == .running)
        try await server.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 hour'", in: uri)
        // A connection that died with the server may be met only now: what is asked through it says nothing yet.
        try await eventually("the lease is taken") {
            await parts.recovery.look()
            return try await jobs.get(id)?.state == .queued
        }
        await parts.database.close()
        try await server.stop()
    }

    @Test func `Messages a dead worker took and never claimed come back`() async throws {
        try await RunningStudio.run { studio async throws in
            let (queue, keys, worker) = (studio.parts.queue, studio.parts.keys, WorkerID())
            let message = TaskMessage.render(job: JobID(), priority: TaskPriority(urgency: 5))
            _ = try await studio.parts.redis.send(
                RedisCommand("LPUSH", .text(keys.processing(worker)), .bytes(message.encoded())))
            _ = try await studio.parts.redis.send(
                RedisCommand("SADD", .text(keys.processingWorkers), .text(worker.description)))
            // Silence counts as death only after several good looks.
            for _ in 0..<Recovery.Pace().calmLooks { await studio.parts.recovery.look() }
            #expect(try await queue.workersWithMessages().isEmpty)
            #expect(try await queue.depths(of: ["studio"]).reduce(0) { $0 + $1.count } == 1)
        }
    }

    @Test func `Operators see workers and queues, others do not`() async throws {
        try await RunningStudio.run { studio async throws in
            try await WorkerStore(studio.parts.database).register(
                WorkerRegistration(
                    id: WorkerID(), name: "w1", hostname: "here", pid: 1, version: "1", queues: ["studio"], slots: 2))
            let workers = try await studio.request("GET", "/api/v1/workers")
            #expect(workers.json["items"]?.arrayValue?.first?["name"] == "w1")
            let queues = try await studio.request("GET", "/api/v1/queues")
            #expect(queues.json["items"]?.arrayValue?.contains { $0["name"] == "studio" } ?? false)
            #expect(try await RunningStudio.request(port: studio.port, "GET", "/api/v1/workers").status == 401)
        }
    }
}
