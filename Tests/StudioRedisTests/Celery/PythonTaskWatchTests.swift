import QueueProtocol
import Testing

@testable import StudioRedis

@Suite("What is known of a Python task's whereabouts")
struct PythonTaskWatchTests {
    private func silent(_ rounds: Int, _ watch: inout PythonTaskWatch) {
        for _ in 0..<rounds {
            watch.asked()
            _ = watch.judge(.nothing)
        }
    }

    /// What the watch says, and not only to a macro that may not change it.
    private func told(_ finding: PythonTaskWatch.Finding, _ watch: inout PythonTaskWatch) -> PythonTaskWatch.Place? {
        watch.judge(finding)
    }

    @Test("It is lost after so many rounds of silence, and not one earlier")
    func silence() {
        var watch = PythonTaskWatch(patience: 3)
        silent(2, &watch)
        #expect(!watch.isLost)
        silent(1, &watch)
        #expect(watch.isLost)
    }

    @Test("Its place in the queue, a node's word and its own word are signs of life")
    func signs() {
        var watch = PythonTaskWatch(patience: 2)
        silent(1, &watch)
        let place1 = told(.queued, &watch)
        #expect(place1 == nil)
        silent(1, &watch)
        let place2 = told(.held(node: "a@b", .reserved), &watch)
        #expect(place2 == .node("a@b", .reserved))
        let place3 = told(.held(node: "a@b", .reserved), &watch)
        #expect(place3 == nil)
        let place4 = told(.held(node: "a@b", .active), &watch)
        #expect(place4 == .node("a@b", .active))
        silent(1, &watch)
        watch.heard()
        silent(1, &watch)
        #expect(!watch.isLost)
        #expect(watch.place == .node("a@b", .active), "silence alone moves nothing")
        let place5 = told(.queued, &watch)
        #expect(place5 == .queue, "given back by its worker")
        silent(2, &watch)
        #expect(watch.isLost)
    }

    @Test("A round in which nobody was asked, or that Redis did not carry, counts for nothing")
    func unfairRounds() {
        var watch = PythonTaskWatch(patience: 1)
        let place6 = told(.nothing, &watch)
        #expect(place6 == nil)
        #expect(!watch.isLost)
        watch.asked()
        watch.forgive()
        _ = watch.judge(.nothing)
        #expect(!watch.isLost)
        silent(1, &watch)
        #expect(watch.isLost)
    }
}
