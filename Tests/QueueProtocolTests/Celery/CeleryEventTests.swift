import QueueProtocol
import Testing

@Suite struct CeleryEventTests {
    private static let facts = CeleryTaskFacts(id: "i", name: "p.add", arguments: "(1,)", keywords: "{}")

    /// Each event of ours has the members of Celery's, but `utcoffset`, by which monitors in other time zones err.
    @Test(arguments: [
        ("event_task_received", CeleryEvent.received(facts, retries: 0)), ("event_task_started", .started("i")),
        ("event_task_succeeded", .succeeded("i", result: "5", runtime: 0.5)),
        ("event_task_failed", .failed("i", exception: "E()", traceback: "t")),
        ("event_task_retried", .retried("i", exception: "E()")),
        ("event_task_revoked", .revoked("i", terminated: true)),
    ])
    func eventsHaveTheMembersOfCelerys(name: String, event: CeleryEvent) throws {
        let theirs = try KombuEnvelope(decoding: try Fixture(name: name).bytes)
        guard case .array(let events) = theirs.body, case .object(let expected) = events[0] else {
            Issue.record("\(name) is no list of events")
            return
        }
        let stamped = StampedCeleryEvent(event, timestamp: 1.5, clock: 7, pid: 9)
        let envelope = CeleryEvent.envelope([stamped, stamped], from: "w@h")
        #expect(envelope.routingKey == "task.multi" && envelope.exchange == "celeryev")
        #expect(envelope.headers == ["hostname": .string("w@h")])
        guard case .array(let told) = envelope.body, case .object(let ours) = told[0] else {
            Issue.record("ours is no list of events")
            return
        }
        #expect(told.count == 2)
        #expect(ours.members.map(\.name) == expected.members.map(\.name).filter { $0 != "utcoffset" })
        #expect(ours["type"] == expected["type"])
        #expect(ours["timestamp"] == .number("1.5") && ours["clock"] == .number("7") && ours["pid"] == .number("9"))
    }

    @Test func oneEventGoesAloneOnItsOwnChannel() throws {
        let event = StampedCeleryEvent(CeleryEvent("worker-heartbeat", [:]), timestamp: 1, clock: 1, pid: 1)
        let envelope = CeleryEvent.envelope([event], from: "w@h")
        #expect(envelope.routingKey == "worker.heartbeat")
        #expect(envelope.body.objectValue?["type"] == .string("worker-heartbeat"))
    }

    @Test func channelsAreNamedAsKombuNamesThem() {
        let keys = StudioKeys(keyPrefix: "pfx:", database: 3)
        #expect(keys.celeryEventChannel("task.multi") == "pfx:/3.celeryev/task.multi")
        #expect(keys.pidboxChannel == "pfx:/3.celery.pidbox")
        #expect(keys.pidboxReplyBindings == "pfx:_kombu.binding.reply.celery.pidbox")
        #expect(StudioKeys.pidboxReplyList("k") == "k.reply.celery.pidbox")
    }
}
