import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct NodePartsTests {
    private func events(
        isOn: Bool = true, send: @escaping @Sendable ([StampedCeleryEvent]) async throws -> Void
    ) -> NodeEvents {
        NodeEvents(isOn: isOn, pid: 1, clock: LamportClock(), logger: Stage.logger, send: send)
    }

    @Test func eventsGoTogetherAndInOrder() async {
        let sent = Watched<[[StampedCeleryEvent]]>([])
        let events = events { batch in sent.update { $0.append(batch) } }
        for number in 0..<(NodeEvents.batch + 3) { events.tell([.started("\(number)")]) }
        await events.flush()
        #expect(sent.value.map(\.count) == [NodeEvents.batch, 3])
        let all = sent.value.flatMap { $0 }
        #expect(all.map(\.event) == (0..<(NodeEvents.batch + 3)).map { .started("\($0)") })
        #expect(all.map(\.clock) == Array(1...all.count), "monitors order by the clock")
    }

    @Test func whereNobodyAskedNothingIsMade() async {
        let sent = Watched(0)
        let events = events(isOn: false) { batch in sent.update { $0 += batch.count } }
        events.tell(
            { () -> [CeleryEvent] in
                Issue.record("made for nobody")
                return []
            }())
        await events.flush()
        #expect(sent.value == 0)
        #expect(events.enable(true) && !events.enable(true))
        events.tell([.started("a")])
        await events.flush()
        #expect(sent.value == 1)
        #expect(events.enable(false) && !events.enable(false))
    }

    @Test func moreThanTheBoundIsDroppedAndAFailedSendIsNotRepeated() async {
        let sent = Watched(0)
        let events = events { batch in
            sent.update { $0 += batch.count }
            if batch.first?.event == .started("0") { throw Unexpected(what: "away") }
        }
        for number in 0..<(NodeEvents.bound + 100) { events.tell([.started("\(number)")]) }
        await events.flush()
        #expect(sent.value == NodeEvents.bound)
    }

    @Test func theClockIsNeverBehindWhatWasHeard() {
        let clock = LamportClock()
        #expect(clock.forward() == 1)
        clock.adjust(to: 41)
        #expect(clock.now == 42)
        clock.adjust(to: 3)
        #expect(clock.now == 43)
        clock.adjust(to: .max)
        clock.adjust(to: -5)
        #expect(clock.now == 43, "no program can have counted so far")
    }

    @Test func namesAreWholeAndOfThisProcess() {
        func name(_ worker: String) -> String {
            NodeIdentity(workerName: worker, hostName: "farm-3", pid: 77, version: "1").name
        }
        #expect(name("render-1") == "render-1@farm-3")
        #expect(name("farm-3-77") == "farm-3-77@farm-3")
        #expect(name("my worker@home,x") == "my-worker-home-x@farm-3")
    }

    @Test func revokedIdsAreRememberedForAWhile() {
        let revoked = RevokedTasks()
        let start = ContinuousClock.now
        #expect(revoked.add(["a", "b", "a"], at: start) == ["a", "b"])
        #expect(revoked.add(["b", "c"], at: start.advanced(by: .seconds(60))) == ["c"])
        #expect(revoked.ids(at: start.advanced(by: .seconds(61))) == ["a", "b", "c"])
        #expect(revoked.ids(at: start.advanced(by: RevokedTasks.lifetime)) == ["c"])
        #expect(revoked.add(["a"], at: start.advanced(by: RevokedTasks.lifetime)) == ["a"], "forgotten, so news again")
        revoked.add((0..<RevokedTasks.most).map { "id-\($0)" }, at: start.advanced(by: RevokedTasks.lifetime))
        let ids = revoked.ids(at: start.advanced(by: RevokedTasks.lifetime))
        #expect(ids.count == RevokedTasks.most && ids.first == "id-0")
    }
}
