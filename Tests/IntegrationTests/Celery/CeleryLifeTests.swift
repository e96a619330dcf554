import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// What a Celery client sees of a task's life, and how it ends one.
@Suite("Life of a Celery task", .serialized)
struct CeleryLifeTests {
    /// Hears every state that is published of a task.
    private static let watch = """
        def watch(id):
            channel = app.backend.client.pubsub(ignore_subscribe_messages=True)
            channel.subscribe("celery-task-meta-" + id)
            return channel

        def next_state(channel, *wanted):
            end = time.monotonic() + 90
            while time.monotonic() < end:
                message = channel.get_message(timeout=1)
                if message:
                    meta = json.loads(message["data"])
                    if meta["status"] in wanted:
                        return meta
            raise SystemExit(f"no {wanted}")

        FILM = {"prompt": "a shot", "seconds": 30, "width": 640, "height": 360}


        """

    @Test("It is STARTED, makes PROGRESS, and ends when it is terminated, as a cancel in our API does")
    func progressAndTerminate() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let said = try await stack.python(
            Self.watch + """
                from celery import uuid
                id = uuid()
                channel = watch(id)
                result = submit("mock-video", FILM, options={"task_id": id})
                started = next_state(channel, "STARTED")
                say(sorted(started["result"]))
                progress = next_state(channel, "PROGRESS")["result"]
                say([0 <= progress["percent"] <= 100, bool(progress["stage"]), "message" in progress])
                say([result.state, result.info["percent"] >= progress["percent"]])
                follower = app.send_task("studio.render", [id], queue="studio")
                eventually(lambda: follower.state == "PROGRESS")
                app.control.revoke(follower.id, terminate=True)
                say([failure(follower)[2], result.state])
                app.control.revoke(id)
                app.control.revoke(id, terminate=True)
                say(failure(result))
                say(result.state)
                say(id)
                """)
        #expect(said[0] == ["hostname", "pid"])
        #expect(said[1] == [true, true, true])
        #expect(said[2] == ["PROGRESS", true])
        #expect(said[3] == [["revoked"], "PROGRESS"], "who follows stops following; the job goes on")
        #expect(said[4].arrayValue?[0] == "TaskRevokedError" && said[4].arrayValue?[2] == ["terminated"])
        #expect(said[5] == "REVOKED")
        let job = try #require(said[6].stringValue)
        try await stack.wait(for: job, toBe: "cancelled")
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)

        let cancelled = try await stack.python(
            Self.watch + """
                result = submit("mock-video", FILM)
                eventually(lambda: result.state == "PROGRESS")
                say(result.id)
                """)
        let other = try #require(cancelled.first?.stringValue)
        #expect(try await stack.api.post("/api/v1/jobs/\(other)/cancel").status == 200)
        let end = try await stack.python(
            """
            r = AsyncResult("\(other)", app=app)
            say(failure(r)[0])
            """)
        #expect(end == ["TaskRevokedError"])
        try await stack.expectSound()
    }

    @Test("What has not started is revoked, expires, or waits for its time; a revoke may come first")
    func beforeItStarts() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let said = try await stack.python(
            """
            from celery import uuid
            later = submit(options={"countdown": 3600})
            eventually(lambda: app.backend.client.llen("studio:celery") == 0 and app.backend.client.llen("studio") == 0)
            say(later.id)
            expiring = submit(options={"countdown": 3600, "expires": 2})
            say(failure(expiring))
            late = submit(options={"expires": -5})
            say(failure(late))
            soon = submit(options={"countdown": 1}, shot="SHOT-020")
            say(soon.get(timeout=60)["shot"])
            early = uuid()
            app.control.revoke(early)
            say(early)
            """)
        let (later, early) = (try #require(said[0].stringValue), try #require(said[4].stringValue))
        #expect(said[1].arrayValue?[0] == "TaskRevokedError" && said[1].arrayValue?[2] == ["expired"])
        #expect(said[2].arrayValue?[2] == ["expired"])
        #expect(said[3] == "SHOT-020")
        try await stack.untilSQL("SELECT count(*) FROM celery_revoked WHERE task_id = '\(early)'", is: "1")
        try await stack.untilSQL("SELECT count(*) FROM celery_tasks WHERE task_id = '\(later)'", is: "1")
        let ends = try await stack.python(
            """
            app.control.revoke("\(later)")
            say(failure(AsyncResult("\(later)", app=app))[2])
            say(failure(submit(options={"task_id": "\(early)"}))[2])
            """)
        #expect(ends == [["revoked"], ["revoked"]])
        try await stack.wait(for: later, toBe: "cancelled")
        #expect(try await stack.sql("SELECT count(*) FROM jobs WHERE id = '\(early)'") == ["0"])
        #expect(try await stack.sql("SELECT count(*) FROM job_attempts") == ["1"], "one of them ran")
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
    }

    @Test("A lost worker is a RETRY with its cause, and the next attempt's result is the task's")
    func retry() async throws {
        let stack = try await Stack.start(workers: 2, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        try await stack.project()
        let id = UUID().uuidString.lowercased()
        let python = try PythonProgram(
            Stack.prelude + Self.watch + """
                channel = watch("\(id)")
                print("listening", flush=True)
                submit("noop", {"milliseconds": 12000}, options={"task_id": "\(id)"})
                next_state(channel, "STARTED")
                print("started", flush=True)
                cause = next_state(channel, "RETRY")
                print("retry " + cause["result"]["exc_type"], flush=True)
                next_state(channel, "STARTED")
                print("again " + next_state(channel, "SUCCESS", "FAILURE")["status"], flush=True)
                """, [stack.redis.celeryURL()])
        try await python.process.line(containing: "started")
        try await stack.wait(for: id, toBe: "running")
        let worker = try await stack.worker(of: id)
        worker.send(SIGKILL)
        try await python.process.line(containing: "retry WorkerLost")
        try await python.process.line(containing: "again SUCCESS")
        #expect(try await stack.outcomes(of: id) == ["lost", "succeeded"])
    }

    @Test("Compressed bodies, plain ones, arguments by place and ids that are no UUID are taken")
    func forms() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let said = try await stack.python(
            """
            say(submit(options={"compression": "zlib"}, shot="SHOT-001").get(timeout=60)["shot"])
            say(submit(options={"compression": "bzip2"}, shot="SHOT-002").get(timeout=60)["shot"])
            by_place = app.send_task("studio.submit", [submission(shot="SHOT-003")], queue="studio", task_id="render #3 é")
            say(by_place.get(timeout=60)["shot"])
            client = app.backend.client
            client.lpush("studio", json.dumps({
                "body": json.dumps([[], submission(shot="SHOT-004"), None]), "content-type": "application/json",
                "headers": {"task": "studio.submit", "id": "plain"},
                "properties": {"delivery_tag": "x", "delivery_info": {"exchange": "", "routing_key": "studio"}}}))
            say(AsyncResult("plain", app=app).get(timeout=60)["shot"])
            # Again, as after a restored message: nothing happens a second time.
            client.lpush("studio", json.dumps({
                "body": json.dumps([[], submission(shot="SHOT-004"), None]), "content-type": "application/json",
                "headers": {"task": "studio.submit", "id": "plain"},
                "properties": {"delivery_tag": "y", "delivery_info": {"exchange": "", "routing_key": "studio"}}}))
            eventually(lambda: client.llen("studio") == 0 and client.llen("studio:celery") == 0)
            say([client.llen(k) for k in client.keys("studio:processing:*") if client.type(k) == b"list"])
            """)
        #expect(said.prefix(4) == ["SHOT-001", "SHOT-002", "SHOT-003", "SHOT-004"])
        #expect(try await stack.sql("SELECT count(*) FROM jobs") == ["4"])
    }

    @Test("What nobody can read goes to the dead list, where operators see it, put it back and forget it")
    func dead() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        _ = try await stack.python(
            """
            client = app.backend.client
            def raw(id, body, **headers):
                return json.dumps({"body": body, "content-type": "application/json",
                    "headers": {"task": "studio.submit", "id": id, **headers},
                    "properties": {"delivery_tag": id, "delivery_info": {"exchange": "", "routing_key": "studio"}}})
            client.lpush("studio", "no message at all", raw("broken", "[[], {}"), raw("two", "[[], {}]"))
            import base64, zlib
            client.lpush("studio", raw("later", "eJw=", compression="application/x-lzma"))
            """)
        try await eventually("all of them are dead") {
            try await stack.redis.command("LLEN", "studio:dead") == "4"
        }
        let path = "/api/v1/admin/dead-messages"
        let items = try await stack.api.get(path).json["items"]?.arrayValue ?? []
        #expect(items.count == 4)
        #expect(Set(items.compactMap { $0["taskId"]?.stringValue }) == ["broken", "two", "later"])
        #expect(items.allSatisfy { $0["reason"]?.stringValue?.isEmpty == false })
        let first = try await stack.api.get(path + "?limit=3").json
        let rest = try await stack.api.get(path + "?cursor=" + (first["nextCursor"]?.stringValue ?? "")).json
        #expect(first["items"]?.arrayValue?.count == 3 && rest["items"]?.arrayValue?.count == 1)
        let later = try #require(items.first { $0["taskId"] == "later" }?["id"]?.stringValue)
        #expect(try await stack.api.post("\(path)/\(later)/requeue").status == 202)
        try await eventually("it is judged anew and comes back") {
            try await stack.redis.command("LLEN", "studio:dead") == "4"
        }
        for item in items {
            let id = try #require(item["id"]?.stringValue)
            #expect(try await stack.api.send("DELETE", "\(path)/\(id)").status == 204)
            #expect(try await stack.api.send("DELETE", "\(path)/\(id)").status == 404)
        }
        #expect(try await stack.api.get(path).json["items"] == [])
        // And the worker goes on.
        #expect(try await stack.pythonValue("say(submit().get(timeout=60)['state'])") == "succeeded")
    }

    @Test("A gateway that is killed at any moment leaves no task out and does nothing twice")
    func killedGateway() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let noting = try await CeleryWorker(
            """
            from celery import Celery
            app = Celery("pipeline")

            @app.task(name="pipeline.note")
            def note(facts):
                app.backend.client.rpush("noted", facts["job_id"])
                return facts["job_id"]
            """, broker: stack.redis.celeryURL())
        let python = try PythonProgram(
            Stack.prelude + """
                rounds = []
                for round in range(4):
                    some = [chain(sig("noop", {}), app.signature("pipeline.note"))() for _ in range(12)]
                    rounds += some
                    print("sent", round, flush=True)
                    eventually(lambda: sum(r.ready() for r in rounds) >= round * 12 + 2)
                    print("some of", round, flush=True)
                say([len({r.get(timeout=90) for r in rounds}), len(rounds)])
                """, [stack.redis.celeryURL()])
        for round in 0..<3 {
            try await python.process.line(containing: "sent \(round)")
            if round > 0 { try await python.process.line(containing: "some of \(round - 1)") }
            let gateway = await stack.gateway
            gateway.send(SIGKILL)
            try await gateway.exit()
            try await stack.restartGateway()
        }
        try await python.process.line(containing: "> [48, 48]")
        #expect(try await stack.redis.command("LLEN", "noted") == "48")
        #expect(try await stack.sql("SELECT count(*) FROM jobs WHERE state = 'succeeded'") == ["48"])
        try await stack.untilSQL("SELECT count(*) FROM celery_tasks WHERE answered_at IS NULL", is: "0")
        #expect(try await noting.process.stop() == .code(0))
        try await stack.expectSound()
    }
}
