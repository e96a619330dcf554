import QueueProtocol
import Testing

@Suite("Keys and priorities")
struct StudioKeysTests {
    @Test func ourNineIsServedFirst() {
        let keys = StudioKeys()
        let lists = (0...9).map { keys.list("studio", TaskPriority(urgency: $0)) }
        #expect(
            lists == [
                "studio\u{6}\u{16}9", "studio\u{6}\u{16}6", "studio\u{6}\u{16}6", "studio\u{6}\u{16}6",
                "studio\u{6}\u{16}3", "studio\u{6}\u{16}3", "studio\u{6}\u{16}3", "studio", "studio", "studio",
            ])
        #expect(keys.lists("studio").first == "studio")
        #expect(Array(keys.lists("q")[1].utf8) == [0x71, 0x06, 0x16, 0x33])
    }

    @Test func celeryRoundsPrioritiesDown() {
        #expect((0...9).map { TaskPriority(wire: $0).wireStep } == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9])
        #expect((0...9).allSatisfy { TaskPriority(wire: $0).wire == $0 })
        #expect(TaskPriority(wire: -3).urgency == 9)
        #expect(TaskPriority(wire: 77).urgency == 0)
        #expect(TaskPriority(urgency: 12) == TaskPriority(urgency: 9))
        #expect(TaskPriority(urgency: 3) < TaskPriority(urgency: 4))
    }

    @Test func severalQueuesAreServedStepByStep() {
        #expect(StudioKeys().lists(["a", "b"]).prefix(4) == ["a", "b", "a\u{6}\u{16}3", "b\u{6}\u{16}3"])
    }

    @Test func installationsDoNotMeet() {
        let worker = WorkerID()
        let job = JobID()
        func names(_ keys: StudioKeys) -> Set<String> {
            Set(keys.lists("studio")).union([
                keys.processing(worker), keys.processingWorkers, keys.runwayMark, keys.deadMessages,
            ])
        }
        func channels(_ keys: StudioKeys) -> Set<String> {
            [
                keys.eventsChannel, keys.controlChannel, keys.controlChannel(worker), keys.logChannel(job),
                keys.progressChannel(ProjectID()),
            ]
        }
        let plain = StudioKeys()
        #expect(names(plain).count == 8)
        #expect(channels(plain).count == 5)
        #expect(names(plain).isDisjoint(with: names(StudioKeys(keyPrefix: "other:"))))
        #expect(channels(plain).isDisjoint(with: channels(StudioKeys(keyPrefix: "other:"))))
        #expect(channels(plain).isDisjoint(with: channels(StudioKeys(database: 1))))
    }

    @Test("Results have the prefix that Celery would give them")
    func resultPrefix() {
        #expect(StudioKeys(keyPrefix: "pfx:").celeryResult("t") == "celery-task-meta-t")
        for (prefix, key) in [("film", "film_"), ("film_", "film_"), ("film:", "film:"), ("a.", "a."), ("a-", "a-")] {
            let keys = StudioKeys(resultKeyPrefix: prefix)
            #expect(keys.celeryResult("t") == key + "celery-task-meta-t")
            #expect(keys.celeryGroup("g", ".j") == key + "celery-taskset-meta-g.j")
            #expect(keys.lists("studio").first == "studio")
        }
    }
}
