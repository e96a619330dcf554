import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Synchronization
import Testing

@testable import GatewayServer

/// Durable events reach a client at least once, in order per job and once per connection, while transactions overlap and
/// end in another order than they began, and while the client comes and goes.
@Suite("Durable events") struct DurableEventTests {
    private static let (pairs, rounds) = (5, 25)
    /// Each job tells of two states.
    private static let jobs = pairs * rounds * 2

    /// Jobs are made and cancelled by pairs of transactions, of which the one that began first ends last.
    private func work(_ studio: TestStudio, _ database: Database, _ hub: EventHub) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pair in 0..<Self.pairs {
                // Of users of their own: transactions that move jobs of one user wait for each other.
                let (one, other) = (try await user("one-\(pair)", studio), try await user("other-\(pair)", studio))
                group.addTask {
                    var last: [JobID] = []
                    for round in 0...Self.rounds {
                        let made = round < Self.rounds ? [JobID(), JobID()] : []
                        let (begun, done) = (Signal("the older has written"), Signal("the younger has committed"))
                        let before = last
                        async let older: Void = database.transaction { connection in
                            try Self.write(made.first, ending: before.first, of: one, studio, on: connection)
                            begun.fire()
                            // A database thread, not the cooperative pool; the wait ends with a signal.
                            while !done.isFired { sched_yield() }
                        }
                        do {
                            try await begun.wait()
                            try await database.transaction { connection in
                                try Self.write(made.last, ending: before.last, of: other, studio, on: connection)
                            }
                        } catch {
                            // Nobody waits for a transaction that will not come.
                            done.fire()
                            throw error
                        }
                        hub.wake()
                        done.fire()
                        try await older
                        hub.wake()
                        last = made
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func user(_ name: String, _ studio: TestStudio) async throws -> UserID {
        try await UserStore(studio.database).create(
            NewUser(email: "\(name)@example.com", passwordHash: "x", roles: [.artist]), tenant: studio.admin.tenant
        ).id
    }

    private static func write(
        _ made: JobID?, ending: JobID?, of user: UserID, _ studio: TestStudio, on connection: PostgresConnection
    ) throws {
        if let job = made {
            try connection.execute(
                """
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, state, credits, queued_at)
                SELECT $1, tenant_id, id, $3, 'SHOT-010', 1, 'mock-video', repeat('a', 64), '{}', '{}', 'standard',
                    'studio', 5, 3, 900, 'queued', 0, now() FROM projects WHERE id = $2
                """, [.id(job), .id(studio.film), .id(user)])
        }
        if let job = ending {
            try connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = $1", [.id(job)])
        }
    }

    /// What one client has heard over all of its connections.
    private struct Heard: Sendable {
        var last = "0.0"
        var states: [String: [String]] = [:]
        var seen: Set<String> = []
        var connections = 0
    }

    /// Connects again and again, reads some events each time, and leaves without a word.
    private func listen(_ gateway: TestGateway, seed: UInt64) async throws -> Heard {
        var random = SeededGenerator(state: seed)
        var heard = Heard()
        while heard.seen.count < Self.jobs * 2 {
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            heard.connections += 1
            try await client.send(#"{"type":"subscribe","project":"film","since":"\#(heard.last)"}"#)
            var left = Int.random(in: 1...60, using: &random)
            var place = try #require(EventCursor(heard.last))
            while left > 0, heard.seen.count < Self.jobs * 2 {
                let event = try await client.event()
                guard event["type"] == "job.state" else { continue }
                let id = try #require(event["id"]?.stringValue)
                let cursor = try #require(EventCursor(id))
                #expect(cursor > place, "\(id) after \(place)")
                place = cursor
                heard.last = id
                left -= 1
                if heard.seen.insert(id).inserted {
                    let (job, state) = (event["job"]?.stringValue ?? "", event["state"]?.stringValue ?? "")
                    heard.states[job, default: []].append(state)
                }
            }
            await client.connection.close()
        }
        return heard
    }

    @Test func `A client that comes back again and again misses nothing that committed meanwhile`() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            // The function's revision that the jobs name.
            _ = try await studio.makeJob(in: studio.other)
            let database = try Database(.patient(studio.uri, connections: Self.pairs * 2))
            async let working: Void = work(studio, database, gateway.hub)
            try await withThrowingTaskGroup(of: Heard.self) { group in
                for seed in 1...3 as ClosedRange<UInt64> { group.addTask { try await listen(gateway, seed: seed) } }
                for try await heard in group {
                    #expect(heard.states.count == Self.jobs)
                    #expect(heard.states.values.allSatisfy { $0 == ["queued", "cancelled"] })
                    #expect(heard.connections > 10)
                }
            }
            try await working
            await database.close()
        }
    }

    @Test func `A page by page reader misses nothing that committed meanwhile`() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            _ = try await studio.makeJob(in: studio.other)
            let database = try Database(.patient(studio.uri, connections: Self.pairs * 2))
            let events = EventStore(studio.database)
            async let working: Void = work(studio, database, gateway.hub)
            var told: [StoredEvent] = []
            try await eventually("all are told") {
                let after = told.last?.cursor ?? EventCursor(transaction: 0, id: 0)
                told += try await events.read(.project(studio.film), after: after, limit: 13)
                return told.count >= Self.jobs * 2
            }
            try await working
            #expect(told.map(\.cursor) == Set(told.map(\.cursor)).sorted() && told.count == Self.jobs * 2)
            let states = Dictionary(grouping: told, by: \.job).mapValues { $0.map { $0.payload["state"]?.stringValue } }
            #expect(states.count == Self.jobs && states.values.allSatisfy { $0 == ["queued", "cancelled"] })
        }
    }

    @Test func `A client too slow for its events reads on from the last one it got, to the final state`() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            let job = try await studio.makeJob()
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await client.send(#"{"type":"subscribe","project":"film","since":"0.0"}"#)
            while try await client.event()["type"] != "job.state" {}
            try await client.connection.stopReading()
            // More than the sockets' buffers and the session's bounds hold.
            let filler = String(repeating: "x", count: 20_000)
            var written = 0
            while gateway.clientsTooSlow == 0 {
                let first = written
                try await studio.database.transaction { connection in
                    for number in first..<first + 40 {
                        try connection.execute(
                            """
                            INSERT INTO events (tenant_id, project_id, kind, payload)
                            SELECT tenant_id, id, 'project.changed', jsonb_build_object('change', $2::text, 'filler', $3::text)
                            FROM projects WHERE id = $1
                            """, [.id(studio.film), .text("change-\(number)"), .text(filler)])
                    }
                }
                written += 40
                gateway.hub.wake()
            }
            try await studio.cancel(job)
            try await client.connection.resumeReading()
            var changes: [String] = []
            var last = ""
            while true {
                let frame = try await client.frame()
                if frame.opcode == 8 { break }
                guard frame.opcode == 1, let change = frame.json["change"]?.stringValue else { continue }
                changes.append(change)
                last = frame.json["id"]?.stringValue ?? ""
            }
            await client.connection.close()
            #expect(!changes.isEmpty && changes.count < written)
            let again = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await again.send(#"{"type":"subscribe","project":"film","since":"\#(last)"}"#)
            while true {
                let event = try await again.event()
                if event["type"] == "job.state" {
                    #expect(event["state"] == "cancelled")
                    break
                }
                if let change = event["change"]?.stringValue { changes.append(change) }
            }
            #expect(changes == (0..<written).map { "change-\($0)" })
            await again.connection.close()
        }
    }
}
