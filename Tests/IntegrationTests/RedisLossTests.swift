import QueueProtocol
import StudioTestKit
import Testing

/// Redis loses all it has, some of it, or none: jobs wait longer, and nothing else.
@Suite("Redis that loses its data", .serialized)
struct RedisLossTests {
    private static let picture: JSONValue = ["prompt": "x", "width": 64, "height": 64]

    /// The messages on all lists of the queue.
    private static let countWaiting = """
        local n = 0
        for _, key in ipairs(redis.call('KEYS', 'studio*')) do
            if not key:find(':', 1, true) then n = n + redis.call('LLEN', key) end
        end
        return n
        """

    private static func pictures(_ count: Int, _ stack: Stack) async throws -> [String] {
        var ids: [String] = []
        for _ in 0..<count { ids.append(try await stack.submit("mock-image", parameters: picture)) }
        return ids
    }

    private static func onRunway(_ count: Int, _ stack: Stack) async throws {
        try await stack.untilSQL(
            "SELECT count(*) FROM jobs WHERE state = 'queued' AND pushed_at IS NOT NULL", is: "\(count)")
    }

    @Test("Flushed, restarted, and set back while jobs wait and run: each is done once")
    func flushedRestartedSetBack() async throws {
        let stack = try await Stack.start(workers: 1, settings: ["WORKER_SLOTS": "1"])
        try await stack.project()
        // Long enough for all that happens while it runs, also where the machine has other work.
        let running = try await stack.submitWait(seconds: 20)
        try await stack.wait(for: running, toBe: "running")
        var all = try await Self.pictures(3, stack)
        try await Self.onRunway(3, stack)
        try await stack.redis.command("FLUSHALL")
        try await eventually("the runway is laid again") {
            Int(try await stack.redis.command("EVAL", Self.countWaiting, "0")) ?? 0 >= 3
        }
        all += try await Self.pictures(2, stack)
        try await Self.onRunway(5, stack)
        // With its data: what waits is still there.
        try await stack.redis.restart()
        // A backup from now will hold messages of jobs that are long done, and none of those that come.
        try await stack.redis.keep()
        for id in [running] + all { try await stack.wait(for: id, toBe: "succeeded") }
        let blocking = try await stack.submitWait(seconds: 20)
        try await stack.wait(for: blocking, toBe: "running")
        all += try await Self.pictures(3, stack)
        try await Self.onRunway(3, stack)
        try await stack.redis.restartAsKept()
        all += try await Self.pictures(1, stack)
        for id in [blocking] + all { try await stack.wait(for: id, toBe: "succeeded") }
        for id in [running, blocking] + all { #expect(try await stack.outcomes(of: id) == ["succeeded"]) }
        #expect(try await stack.takes().count == all.count)
        try await stack.expectSound()
        try await stack.stop()
    }
}
