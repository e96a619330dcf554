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
}
