import FoundationEssentials
import QueueProtocol
import StudioRedis
import Testing

@Suite("Event bus", .timeLimit(.minutes(10)))
struct EventBusTests {
    @Test func whatIsSaidIsHeardByThoseItConcerns() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let keys = StudioKeys(keyPrefix: "one:")
                let bus = EventBus(client: client, subscriber: subscriber, keys: keys)
                let other = EventBus(client: client, subscriber: subscriber, keys: StudioKeys(keyPrefix: "two:"))
                let (worker, job, project) = (WorkerID(), JobID(), ProjectID())
                var control = try await bus.control(of: worker).makeAsyncIterator()
                var progress = try await bus.progress(of: [project]).makeAsyncIterator()
                var events = try await bus.eventWakeups().makeAsyncIterator()
                var log = try await bus.logWakeups(of: job).makeAsyncIterator()
                for channel in [
                    keys.controlChannel, keys.controlChannel(worker), keys.progressChannel(project),
                    keys.eventsChannel, keys.logChannel(job),
                ] { try await untilListening(client, channel) }

                #expect(try await other.send(.drain) == 0)
                #expect(try await bus.send(.drain, to: WorkerID()) == 0)
                #expect(try await bus.send(.cancel(job: job, attempt: 2), to: worker) == 1)
                #expect(try await bus.send(.drain) == 1)
                _ = try await client.send(RedisCommand("PUBLISH", .text(keys.controlChannel), "junk"))
                try await bus.send(.unrecognised("later"))
                #expect(await value(&control) == .cancel(job: job, attempt: 2))
                #expect(await value(&control) == .drain)
                #expect(await value(&control) == .unrecognised("later"))

                let report = ProgressReport(
                    job: job, project: project, attempt: 1, progress: 0.5, stage: "encode", message: "frame 12 of 24",
                    etaSeconds: 1.5, at: Date(timeIntervalSince1970: 1_795_248_214.95))
                try await bus.publish(report)
                #expect(await value(&progress) == report)

                for _ in 0..<3 { try await bus.announceEvents() }
                #expect(await value(&events) != nil)
                try await bus.announceLog(of: job)
                #expect(await value(&log) != nil)
            }
        }
    }

    @Test func aListenerIsToldWhenItMayHaveMissedSomething() async throws {
        try await RedisServer.run { server in
            try await server.withBus { client, subscriber in
                let bus = EventBus(client: client, subscriber: subscriber, keys: StudioKeys())
                let warm = try await bus.eventWakeups()
                try await untilListening(client, StudioKeys().eventsChannel)
                var events = try await bus.eventWakeups().makeAsyncIterator()
                _ = try await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"))
                guard case .missed? = await events.next() else {
                    Issue.record("nothing was told")
                    return
                }
                warm.cancel()
            }
        }
    }

    private func value<Value: Sendable>(_ iterator: inout EventStream<Value>.Iterator) async -> Value? {
        while let event = await iterator.next() { if case .value(let value) = event { return value } }
        return nil
    }
}
