import FoundationEssentials
import QueueProtocol
import Testing

/// What the end of a task means to Celery: results, messages, chords.
@Suite("Answers to Celery tasks")
struct CeleryAnswerTests {
    private let sender = CelerySender(
        origin: "gateway@test", now: Date(timeIntervalSince1970: 1_795_248_227.59))

    private func task(_ fixture: String) throws -> CeleryTask {
        let message = try TaskMessage(decoding: Fixture(name: fixture).bytes)
        return CeleryTask(message, call: try message.call())
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test("A task is stored and read again as it was", arguments: Fixture.tasks)
    func stored(fixture: Fixture) throws {
        let task = try task(fixture.name)
        #expect(try CeleryTask(stored: task.stored()) == task)
        #expect(task.stored().utf8.allSatisfy { $0 < 0x80 })
    }

    @Test func `Results are spelt as Celery spells them`() throws {
        let success = CeleryResult(.success, .integer(5)).encoded(id: "22a7", at: sender.now)
        #expect(
            text(success) == #"{"status": "SUCCESS", "result": 5, "traceback": null, "children": [], "#
                + #""date_done": "2026-11-21T08:03:47.590000+00:00", "task_id": "22a7"}"#)
        let failure = CeleryResult(.failure, CeleryFailure(code: "insufficient-credits", "too little").document)
        #expect(
            text(failure.encoded(id: "1", group: "g", parent: "p", at: sender.now))
                == #"{"status": "FAILURE", "result": {"exc_type": "InsufficientCredits", "exc_message": ["too little"], "#
                + #""exc_module": "studio"}, "traceback": null, "children": [], "#
                + #""date_done": "2026-11-21T08:03:47.590000+00:00", "group_id": "g", "parent_id": "p", "task_id": "1"}"#
        )
        #expect(text(CeleryResult(.started).encoded(id: "1", at: sender.now)).contains(#""date_done": null"#))
    }

    @Test func `The next step of a chain gets the result, its own id, and the rest`() throws {
        let first = try task("task_chain_first")
        let answer = try CeleryAnswer(first, .success(.integer(3)), from: sender)
        let next = try #require(answer.dispatch.messages.first)
        let expected = try TaskMessage(decoding: Fixture(name: "task_chain_second").bytes)
        #expect(answer.dispatch.messages.count == 1)
        #expect(next.id == expected.id && next.task == expected.task && next.routingKey == "celery")
        #expect(next.rootID == first.id && next.parentID == first.id)
        #expect(try next.call() == expected.call())
        #expect(answer.results.count == 1 && answer.results[0].task == first.id)
        #expect(text(answer.results[0].document).contains(#""children": [[["\#(next.id)", null], null]]"#))
    }

    @Test func `A failure fails every step that will not come, and a revoke none`() throws {
        let first = try task("task_chain_first")
        let steps = first.chain.compactMap { $0.objectValue?["options"]?.objectValue?["task_id"]?.stringValue }
        let failed = try CeleryAnswer(first, .failure(.notRegistered("x"), traceback: "tail"), from: sender)
        #expect(Set(failed.results.map(\.task)) == Set(steps + [first.id]))
        #expect(failed.results.last?.task == first.id, "who waits for the task itself hears last")
        #expect(failed.results.allSatisfy { text($0.document).contains("NotRegistered") })
        #expect(failed.dispatch.messages.isEmpty)
        let revoked = try CeleryAnswer(first, .revoked("revoked"), from: sender)
        #expect(revoked.results.map(\.task) == [first.id] && revoked.dispatch.messages.isEmpty)
    }

    @Test func `Links are sent with the result, errbacks with the id`() throws {
        let linked = try task("task_link_and_errback")
        let good = try CeleryAnswer(linked, .success(.string("r")), from: sender)
        #expect(try good.dispatch.messages.first?.call().arguments.first == "r")
        #expect(good.dispatch.messages.count == linked.callbacks.count)
        let bad = try CeleryAnswer(linked, .failure(.notRegistered("x"), traceback: nil), from: sender)
        #expect(try bad.dispatch.messages.map { try $0.call().arguments.first } == [.string(linked.id)])
        #expect(bad.dispatch.messages.first?.headers["group"]?.stringValue != nil)
    }

    @Test func `A member of a chord reports its part, and the body is sent with all of them`() throws {
        let member = try task("task_chord_member")
        let answer = try CeleryAnswer(member, .success(.integer(7)), from: sender)
        let part = try #require(answer.parts.first)
        #expect(part.group == member.group && part.place == "0")
        #expect(text(part.document) == #"[1, "\#(member.id)", "SUCCESS", 7]"#)
        let gathered = GatheredParts([part.document, Array(#"[1, "b", "SUCCESS", [1.0]]"#.utf8)])
        let end = try CeleryAnswer(completing: part, rootID: member.rootID, gathered.results, from: sender)
        let body = try #require(end.dispatch.messages.first)
        #expect(body.id == part.body.objectValue?["options"]?.objectValue?["task_id"]?.stringValue)
        #expect(try body.call().wireArguments == [.array([.integer(7), .array([.number("1.0")])])])
        #expect(body.parentID == member.id)
        let broken = GatheredParts([
            part.document,
            Array(
                #"[1, "b", "FAILURE", {"exc_type": "KeyError", "exc_message": ["x"], "exc_module": "builtins"}]"#.utf8),
        ])
        let failed = try CeleryAnswer(completing: part, rootID: member.rootID, broken.results, from: sender)
        #expect(failed.dispatch.messages.isEmpty && failed.results.map(\.task) == [body.id])
        let reason = text(failed.results.first?.document)
        #expect(reason.contains("ChordError") && reason.contains("Dependency b raised KeyError('x')"))
    }

    @Test func `Where nobody wants the result, only what follows is sent`() throws {
        let quiet = try task("task_ignore_result")
        #expect(try CeleryAnswer(quiet, .success(.null), from: sender).results.isEmpty)
    }

    @Test func `A job has its task's id, or always the same one`() {
        #expect(
            JobID(celeryTask: "D3998162-238b-497e-8109-9554164ccddc").description
                == "d3998162-238b-497e-8109-9554164ccddc")
        let named = JobID(celeryTask: "render #3")
        #expect(named == JobID(celeryTask: "render #3") && named != JobID(celeryTask: "render #4"))
        #expect(named.description.dropFirst(14).first == "5")
    }
}
