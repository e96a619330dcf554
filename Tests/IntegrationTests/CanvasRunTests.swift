import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// Canvases in a whole studio: built like a build, whatever breaks in between.
@Suite("Runs of canvases", .serialized)
struct CanvasRunTests {
    @Test(
        "A film of twenty nodes becomes takes and an export; one edited prompt makes its descendants again, nothing else"
    )
    func film() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        var canvas = FilmCanvas()
        #expect(canvas.document["nodes"]?.arrayValue?.count == 20)
        let preview = try await stack.run(canvas, query: "?dryRun=true")
        #expect(preview["jobs"]?.arrayValue?.count == 20, "\(preview)")
        #expect(try await stack.sql("SELECT count(*) FROM jobs") == ["0"])
        let first = try await stack.run(canvas)
        #expect(first["credits"] == preview["credits"])
        let id = try #require(first["id"]?.stringValue)
        let done = try await stack.wait(forRun: id, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        let takes = try await stack.takes()
        #expect(Set(takes.compactMap { $0["shot"]?.stringValue }) == ["SHOT-010", "SHOT-020"])
        let export = stack.folder(of: "film") + "/06_Exports/Final_Movie.mp4"
        let published = FileManager.default.contents(atPath: export)
        #expect(published != nil)
        let take = try #require(takes.first { $0["shot"] == "SHOT-010" }?["id"]?.stringValue)
        let graph = try await stack.api.get("/api/v1/takes/\(take)/graph").json
        #expect(graph["run"]?.stringValue == id && graph["node"] == "take")
        #expect(graph["document"]?["nodes"]?.arrayValue?.count == 20)
        let told = try await stack.api.get("/api/v1/takes/\(take)").json
        let origin = try #require(told["provenance"]?["parameters"]?["origin"])
        #expect(origin["run"]?.stringValue == id && origin["node"] == "film")
        #expect(origin["function"]?["name"] == "mux")

        // Nothing changed: nothing is made, and nothing is published a second time.
        let same = try await stack.run(canvas)
        #expect(same["jobs"]?.arrayValue?.isEmpty == true && same["state"] == "succeeded", "\(same)")

        canvas.secondPrompt = "a harbour in the rain"
        let ahead = try await stack.run(canvas, query: "?dryRun=true")
        #expect(stack.made(ahead) == FilmCanvas.ofSecondPrompt, "\(ahead)")
        let second = try await stack.run(canvas)
        #expect(stack.made(second) == FilmCanvas.ofSecondPrompt)
        let changed = try await stack.wait(forRun: try #require(second["id"]?.stringValue), toBe: "succeeded", "failed")
        #expect(changed["state"] == "succeeded", "\(changed)")
        #expect(try await stack.takes().count == 4)
        #expect(FileManager.default.contents(atPath: export) != published)
        #expect(try await stack.keysMadeTwice().isEmpty)

        // What is run years later is what was run then.
        let again = try await stack.api.post("/api/v1/runs/\(id)/repeat")
        #expect(again.status == 202, "\(again.text)")
        // All of it is there, but for the export, which the second run has replaced.
        #expect(stack.made(again.json) == ["final"], "\(again.text)")
        try await stack.wait(forRun: try #require(again.json["id"]?.stringValue), toBe: "succeeded")
        #expect(FileManager.default.contents(atPath: export) == published)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A worker killed in the middle and a gateway killed after its promise change nothing but time")
    func killed() async throws {
        let stack = try await Stack.start(workers: 1, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        try await stack.project()
        let run = try await stack.run(FilmCanvas())
        let gateway = await stack.gateway
        gateway.send(SIGKILL)
        try await gateway.exit()
        try await stack.restartGateway()
        try await stack.untilSQL("SELECT count(*) > 2 FROM jobs WHERE state = 'succeeded'", is: "t")
        let victim = try #require(await stack.workers.first)
        victim.send(SIGKILL)
        try await victim.exit()
        try await stack.startWorker()
        let done = try await stack.wait(forRun: try #require(run["id"]?.stringValue), toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try await stack.takes().count == 2)
        #expect(try await stack.keysMadeTwice().isEmpty)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test(
        "A gateway killed between compiling a run and committing it leaves nothing, and the same click again is one run"
    )
    func killedBeforeItsPromise() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        // Whoever admits a run asks for this lock when it is compiled and nothing is written yet.
        let holding = Task {
            try await stack.sql(
                """
                SELECT pg_advisory_lock(hashtextextended('canvas runs of ' || id, 0)) FROM tenants; SELECT pg_sleep(120)
                """)
        }
        let lock = "FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
        let tenant = "(SELECT hashtextextended('canvas runs of ' || id, 0) FROM tenants)"
        let ours = "\(lock) AND ((classid::bigint << 32) | objid::bigint) = \(tenant)"
        try await eventually("the lock is held") { try await stack.sql("SELECT count(*) \(ours) AND granted") == ["1"] }
        let click = ["Idempotency-Key": "one-click"]
        let cutOff = Task { try await stack.run(FilmCanvas(), headers: click) }
        try await eventually("the run is compiled and about to be admitted") {
            try await stack.sql("SELECT count(*) \(ours) AND NOT granted") == ["1"]
        }
        let gateway = await stack.gateway
        gateway.send(SIGKILL)
        try await gateway.exit()
        await #expect(throws: (any Error).self) { try await cutOff.value }
        _ = try await stack.sql("SELECT pg_terminate_backend(pid) \(ours) AND granted")
        _ = await holding.result
        try await eventually("what the killed gateway began is over") {
            try await stack.sql("SELECT count(*) \(ours)") == ["0"]
        }
        #expect(
            try await stack.sql(
                """
                SELECT (SELECT count(*) FROM canvas_runs) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM canvas_results)
                    + (SELECT count(*) FROM ledger_entries WHERE kind = 'hold')
                    + (SELECT count(*) FROM idempotency_keys WHERE key = 'one-click')
                """) == ["0"])
        try await stack.restartGateway()
        let run = try await stack.run(FilmCanvas(), headers: click)
        let again = try await stack.run(FilmCanvas(), headers: click)
        #expect(run == again)
        #expect(try await stack.sql("SELECT count(*) FROM canvas_runs") == ["1"])
        let done = try await stack.wait(forRun: try #require(run["id"]?.stringValue), toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try await stack.keysMadeTwice().isEmpty)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A damaged and a deleted file of the cache are made again for nothing, and who waits for them does not fail")
    func damaged() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        var canvas = FilmCanvas()
        let first = try await stack.run(canvas)
        let done = try await stack.wait(forRun: try #require(first["id"]?.stringValue), toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        // Under jobs that wait: nobody is there to carry them out meanwhile.
        let worker = try #require(await stack.workers.first)
        worker.send(SIGTERM)
        try await worker.exit()
        canvas.factor = 35
        let second = try await stack.run(canvas)
        #expect(stack.made(second) == ["small-b", "thumb-b", "reel", "film", "take", "final"])
        #expect(try await stack.sql("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'queued')") == ["6"])
        let damaged = try stack.file(of: "shot-b", in: done)
        chmod(damaged, 0o644)
        try Data("not a film any more".utf8).write(to: URL(fileURLWithPath: damaged))
        try FileManager.default.removeItem(atPath: try stack.file(of: "shots-a", index: 1, in: done))
        try await stack.startWorker()
        let id = try #require(second["id"]?.stringValue)
        let changed = try await stack.wait(forRun: id, toBe: "succeeded", "failed")
        #expect(changed["state"] == "succeeded", "\(changed)")
        let remade = try await stack.sql(
            "SELECT run_node || ' ' || credits FROM jobs WHERE content_key IN (SELECT content_key FROM jobs GROUP BY 1 HAVING count(*) > 1) AND credits = 0 ORDER BY 1"
        )
        #expect(remade == ["shot-b 0", "shots-a 0"])
        #expect(try await stack.sql("SELECT count(*) FROM jobs WHERE state <> 'succeeded'") == ["0"])
        #expect(!FileManager.default.fileExists(atPath: damaged))
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("Of two people who run the same graph at once, and a third in another project, each node is made once")
    func together() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        try await stack.project("second")
        let canvas = FilmCanvas()
        let answers = try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for project in ["film", "film", "second"] {
                group.addTask { try await stack.run(canvas, project: project) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for answer in answers {
            let done = try await stack.wait(
                forRun: try #require(answer["id"]?.stringValue), toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded", "\(done)")
        }
        #expect(try await stack.keysMadeTwice().isEmpty)
        #expect(try await stack.takes().count == 2)
        #expect(try await stack.takes(project: "second").count == 2)
        try await stack.expectSound()
        try await stack.expectSound(project: "second")
        try await stack.stop()
    }

    @Test("A run is cancelled, and goes on where it was")
    func cancelled() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let run = try await stack.run(FilmCanvas())
        let id = try #require(run["id"]?.stringValue)
        let gone = try await stack.api.post("/api/v1/runs/\(id)/cancel")
        #expect(gone.json["state"] == "cancelled", "\(gone.text)")
        #expect(try await stack.sql("SELECT DISTINCT state FROM jobs") == ["cancelled"])
        let resumed = try await stack.api.post("/api/v1/runs/\(id)/resume")
        #expect(resumed.status == 202, "\(resumed.text)")
        try await stack.startWorker()
        let done = try await stack.wait(forRun: id, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        let once = try await stack.api.post("/api/v1/runs/\(id)/resume")
        #expect(once.status == 409, "\(once.text)")
        try await stack.expectSound()
        try await stack.stop()
    }
}
