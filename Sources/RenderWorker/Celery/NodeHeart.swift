import Glibc
import Logging
import QueueProtocol
import StudioSystem

/// Tells Celery's monitors that this node is there: when it begins, every two seconds, and when it goes.
struct NodeHeart<C: Clock>: Sendable where C.Duration == Duration {
    /// The time between two beats. A monitor takes a node for gone that was silent for twice that.
    static var interval: Duration { .seconds(2) }

    let identity: NodeIdentity
    let events: NodeEvents
    let board: TaskBoard
    let clock: C
    let logger: Logger

    /// Beats until the task is cancelled; ``signOff()`` is the caller's affair.
    func run() async {
        await send("worker-online")
        while !Task.isCancelled {
            try? await clock.sleep(for: Self.interval)
            if !Task.isCancelled { await send("worker-heartbeat") }
        }
    }

    /// One beat beside the others.
    func beatNow() async { await send("worker-heartbeat") }

    /// Says that the node is there, as at its start.
    func comeBack() async { await send("worker-online") }

    /// Says that the node goes.
    func signOff() async { await send("worker-offline") }

    private func send(_ type: String) async {
        var load = [0.0, 0.0, 0.0]
        _ = getloadavg(&load, 3)
        let rounded = load.map { WireJSON.number("\(($0 * 100).rounded() / 100)") }
        let event = CeleryEvent(
            type,
            [
                "freq": .number("\(Self.interval / .seconds(1))"), "active": .integer(board.runningCount),
                "processed": .integer(board.counts.values.reduce(0, +)), "loadavg": .array(rounded),
                "sw_ident": .string(NodeIdentity.software), "sw_ver": .string(identity.version),
                "sw_sys": .string("Linux"),
            ])
        do { try await events.sendNow(event) } catch {
            // While Redis is away nobody could hear it.
            logger.debug("monitors are not told that this node is there", metadata: [LogKey.error: "\(error)"])
        }
    }
}
