import FoundationEssentials
import Hummingbird
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Health and metrics") struct HealthTests {
    @Test func isAliveWhateverIsMissing() async throws {
        let missing = ReadinessCheck(name: "redis") { .missing("Redis is away") }
        let failing = ReadinessCheck(name: "postgres") { throw PostgresError(.unavailable, operatorDetail: "10.0.0.1") }
        let there = ReadinessCheck(name: "migrations") { .ready }
        try await TestGateway.run(.init(readiness: [missing, failing, there])) { gateway in
            let alive = try await gateway.request("GET", "/healthz")
            #expect(alive.status == 200)
            #expect(alive.json["status"] == "ok")
            let ready = try await gateway.request("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.json["status"] == "not-ready")
            #expect(ready.json["checks"]?["redis"]?["detail"] == "Redis is away")
            #expect(ready.json["checks"]?["postgres"]?["status"] == "missing")
            #expect(ready.json["checks"]?["migrations"]?["status"] == "ok")
            #expect(!ready.text.contains("10.0.0.1"))
        }
    }

    @Test func seesRealServices() async throws {
        let studio = try await TestStudio.make()
        let postgres = ReadinessCheck.postgres(studio.database)
        let migrations = ReadinessCheck.migrations(studio.database)
        #expect(await postgres.verdict(within: .seconds(10)) == .ready)
        #expect(await migrations.verdict(within: .seconds(10)) == .ready)
        let empty = try Database(.patient(try await PrivatePostgres.shared().database(), connections: 1))
        #expect(await ReadinessCheck.migrations(empty).verdict(within: .seconds(10)) != .ready)
        await studio.database.close()
        await empty.close()
        #expect(await postgres.verdict(within: .seconds(10)) != .ready)
    }

    @Test func looksForTheLFSClient() async throws {
        let folder = try TemporaryDirectory("bin")
        let check = try #require(
            ReadinessCheck.lfsClient(searchPath: "/nonexistent:\(folder.path)", place: .here).first)
        #expect(await check.verdict(within: .seconds(10)) != .ready)
        try folder.write([], to: "git-lfs")
        #expect(await check.verdict(within: .seconds(10)) != .ready)
        _ = try await ChildProcess.run("/bin/chmod", ["+x", folder.path("git-lfs")])
        #expect(await check.verdict(within: .seconds(10)) == .ready)
    }

    @Test func saysNothingOfTheLFSClientWherePeopleWorkElsewhere() {
        #expect(ReadinessCheck.lfsClient(searchPath: "", place: .elsewhere).isEmpty)
    }

    @Test func givesUpOnACheckThatHangs() async throws {
        let hanging = ReadinessCheck(name: "redis") {
            try await Signal("never").wait()
            return .ready
        }
        #expect(await hanging.verdict(within: .milliseconds(10)) != .ready)
    }

    /// The queues are those of the catalogue as it is now, and those that jobs still wait in.
    @Test func tellsOfEveryQueue() async throws {
        try await RunningStudio.run { studio async throws in
            func queues() async throws -> Set<String> {
                let text = try await studio.request("GET", "/metrics").text
                return Set(text.matches(of: /studio_queue_messages\{queue="([^"]+)"/).map { String($0.output.1) })
            }
            #expect(try await queues() == ["comfyui", "studio"])
            let folder = "Library/Pipeline_Templates/mock-image/function.json"
            let manifest = try String(contentsOfFile: studio.ground.workspace.path(folder), encoding: .utf8)
            var moved = try JSONText.decode(JSONValue.self, from: Data(manifest.utf8)).objectValue ?? [:]
            moved["resources"] = ["queue": "heavy"]
            try studio.ground.workspace.write(JSONText.compact(JSONValue.object(moved)), to: folder)
            try await studio.parts.library.reload()
            #expect(try await queues() == ["comfyui", "heavy", "studio"])
            try await studio.project()
            let job = try await studio.submit(
                #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
            #expect(job.status == 202, "\(job.text)")
            // The function moves on; its job waits where it was submitted.
            try studio.ground.workspace.write(manifest.utf8, to: folder)
            try await studio.parts.library.reload()
            let listed = try await studio.request("GET", "/api/v1/queues").json["items"]?.arrayValue ?? []
            #expect(listed.compactMap { $0["name"]?.stringValue } == ["comfyui", "heavy", "studio"])
            #expect(listed.map { $0["queued"] } == [0, 1, 0])
            let counts = JobCounts(JobStore(studio.parts.database), lifetime: .zero)
            #expect(await counts.queues() == ["heavy"])
        }
    }

    @Test func countsWhatHappens() async throws {
        try await TestGateway.run { gateway in
            _ = try await gateway.studio.makeJob()
            _ = try await gateway.request("GET", "/api/v1/projects/film/events", token: nil)
            _ = try await gateway.request("GET", "/nowhere/secret-name")
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            let expected = [
                #"studio_http_requests_total{route="/api/v1/projects/{project}/events",method="GET",status="401"} 1"#,
                #"studio_http_requests_total{route="(none)",method="GET",status="404"} 1"#,
                #"studio_http_request_seconds_count{route="(none)"} 1"#, #"studio_jobs{state="queued"} 1"#,
                #"studio_queue_messages{queue="studio",step="0"} 0"#, "studio_event_connections 1",
                "# TYPE studio_http_request_seconds histogram",
            ]
            // A request counts when its answer was sent.
            let seen = Watched("")
            try await eventually("all is counted") {
                let text = try await gateway.request("GET", "/metrics").text
                seen.update { $0 = text }
                return expected.allSatisfy { text.contains($0 + "\n") }
            }
            #expect(!seen.value.contains("secret-name"))
            await client.connection.close()
        }
    }
}
