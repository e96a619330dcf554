import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct JobLogTests {
    @Test func `A log is read as text, and followed to the job's end`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(
                #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
            let id = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
            let jobs = JobStore(studio.parts.database)
            _ = try await jobs.claim([id], worker: WorkerID(), name: "test", lease: .seconds(300))
            let claim = HeldClaim(job: id, attempt: 1)
            try await jobs.appendLog(claim, sequence: 1, lines: "first\n")
            let path = "/api/v1/jobs/\(id)/log"
            let text = try await studio.request("GET", path)
            #expect(text.status == 200 && text.text == "first\n")

            let connection = try await RawConnection.connect(to: studio.port)
            try await connection.send(
                "GET \(path) HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer \(studio.token)\r\n"
                    + "accept: text/event-stream\r\n\r\n")
            try await connection.take("the first lines") { bytes, _ -> (Void, Int)? in
                String(decoding: bytes, as: UTF8.self).contains(#"first\n"#) ? ((), 0) : nil
            }
            try await jobs.appendLog(claim, sequence: 2, lines: "second\n")
            try await studio.parts.bus.announceLog(of: id)
            try await connection.take("the next lines") { bytes, _ -> (Void, Int)? in
                String(decoding: bytes, as: UTF8.self).contains(#"second\n"#) ? ((), 0) : nil
            }
            _ = try await studio.request("POST", "/api/v1/jobs/\(id)/cancel")
            _ = try await jobs.finishCancelled(claim)
            try await studio.parts.bus.announceLog(of: id)
            try await connection.take("the end") { bytes, _ -> (Void, Int)? in
                let text = String(decoding: bytes, as: UTF8.self)
                return text.contains("event: end") && text.contains("cancelled") ? ((), 0) : nil
            }
            await connection.close()
        }
    }

    /// A followed log of a job that stands still, on a gateway whose time does.
    private struct Followed {
        let gateway: TestGateway
        let connection: RawConnection
        let job: JobID
        let clock: ManualClock

        static func run(
            now: @escaping @Sendable () -> Date = { Date() },
            _ body: @escaping @Sendable (Followed) async throws -> Void
        ) async throws {
            let clock = ManualClock()
            var settings = TestGateway.Settings()
            settings.moreGroups = { [JobLogRoutes(jobs: JobStore($0), bus: $1, clock: clock, now: now)] }
            try await TestGateway.run(settings) { gateway in
                let job = try await gateway.studio.makeJob()
                let connection = try await RawConnection.connect(to: gateway.port)
                try await connection.send(
                    "GET /api/v1/jobs/\(job)/log HTTP/1.1\r\nhost: test\r\naccept: text/event-stream\r\n"
                        + "authorization: Bearer \(try gateway.token())\r\n\r\n")
                _ = try await connection.take("the head") { bytes, _ in HTTPReply.readHead(bytes) }
                // It has looked, and sleeps until somebody rings.
                try await clock.waitForSleepers(1)
                try await body(Followed(gateway: gateway, connection: connection, job: job, clock: clock))
                await connection.close()
            }
        }

        /// What came until the gateway closed the connection.
        func rest() async throws -> String { String(decoding: try await connection.closed(), as: UTF8.self) }

        /// Waits until the gateway has done with the request.
        func isOver() async throws {
            try await eventually("the log is no longer followed") {
                gateway.metrics.families().contains { family in
                    family.name == "studio_http_requests_under_way" && family.samples.allSatisfy { $0.value == 0 }
                }
            }
        }
    }

    @Test func `A followed log ends with the gateway, whole and without an end`() async throws {
        try await Followed.run { log async throws in
            async let stopped: Void = log.gateway.shutDown()
            let rest = try await log.rest()
            #expect(rest.hasSuffix("0\r\n\r\n") && !rest.contains("event: end"))
            await stopped
        }
    }

    @Test(arguments: [true, false])
    func `A followed log ends when the client has gone`(onlyItsSide: Bool) async throws {
        try await Followed.run { log async throws in
            if onlyItsSide { try await log.connection.closeOutput() } else { await log.connection.close() }
            try await log.isOver()
            #expect(log.clock.now.elapsed == .zero)
        }
    }

    @Test func `A followed log ends with the token`() async throws {
        let hasEnded = Watched(false)
        try await Followed.run(now: { Date(timeIntervalSinceNow: hasEnded.value ? 601 : 0) }) { log async throws in
            hasEnded.update { $0 = true }
            log.clock.advance(by: .seconds(5))
            try await log.isOver()
            let rest = try await log.rest()
            #expect(rest.hasSuffix("0\r\n\r\n") && !rest.contains("event: end"))
        }
    }
}
