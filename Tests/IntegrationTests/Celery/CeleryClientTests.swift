import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// A Python pipeline submits to the studio and reads what became of it, with nothing but the real Celery.
@Suite("Celery client", .serialized)
struct CeleryClientTests {
    @Test("A submission becomes a take, and its result tells of it; nothing is left open")
    func submitAndGet() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let said = try await stack.python(
            """
            result = submit()
            say(result.get(timeout=60))
            say([result.id, result.state, result.successful(), result.date_done is not None])
            say(app.send_task("studio.render", [result.id], queue="studio").get(timeout=60)["job_id"])
            result.forget()
            say(AsyncResult(result.id, app=app).state)
            """)
        let facts = said[0]
        #expect(facts["state"] == "succeeded" && facts["function"] == "mock-image" && facts["project"] == "film")
        #expect(facts["take"] == 1 && facts["job_id"] == said[1].arrayValue?[0])
        let job = try #require(facts["job_id"]?.stringValue)
        let download = try #require(facts["download"]?.stringValue)
        let media = try await stack.api.get(download)
        #expect(media.status == 200 && media.bytes.count == facts["bytes"]?.intValue)
        #expect(said[1].arrayValue?[1...] == ["SUCCESS", true, true])
        #expect(said[2] == .string(job))
        #expect(said[3] == "PENDING")
        let record = try await stack.job(job)
        #expect(record["state"] == "succeeded")
        #expect(try await stack.redis.command("LLEN", "studio:celery") == "0")
        #expect(try await stack.sql("SELECT count(*) FROM celery_tasks WHERE answered_at IS NULL") == ["0"])
        try await stack.expectSound()
    }

    @Test("What is refused is a failure that says why, with everything that is wrong; nothing is left of it")
    func refusals() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let said = try await stack.python(
            """
            say(failure(submit(shot="not a shot", parameters={"prompt": "x", "width": -1})))
            say(failure(submit(project="nowhere")))
            say(failure(submit(user="nobody@example.com")))
            say(failure(app.send_task("studio.submit", queue="studio")))
            say(failure(app.send_task("studio.submit", [3], queue="studio")))
            say(failure(app.send_task("studio.render", ["nonsense"], queue="studio")))
            say(failure(app.send_task("pipeline.unknown", [1], queue="studio")))
            say(failure(submit(inputs={"image": "previous"})))
            """)
        func type(_ index: Int) -> JSONValue? { said[index].arrayValue?[0] }
        func text(_ index: Int) -> String { said[index].arrayValue?[2].arrayValue?[0].stringValue ?? "" }
        #expect(type(0) == "ValidationFailed")
        #expect(text(0).contains("/shot"), "\(said[0])")
        #expect(type(1) == "NotFound" && type(2) == "NotFound")
        #expect(type(3) == "ValidationFailed" && text(3).contains("/project") && text(3).contains("/user"))
        #expect(type(4) == "ValidationFailed" && text(4).contains("/args/0"))
        #expect(type(5) == "ValidationFailed" && text(5).contains("/job_id"))
        #expect(type(6) == "NotRegistered" && said[6].arrayValue?[1] == "celery.exceptions")
        #expect(type(7) == "ValidationFailed" && text(7).contains("/inputs/image"))
        #expect(try await stack.sql("SELECT count(*) FROM jobs") == ["0"])
        #expect(try await stack.sql("SELECT count(*) FROM celery_tasks") == ["0"])
    }
}
