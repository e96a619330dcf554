import Logging
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Events in a database that was dumped on one server and restored on another, whose transactions have lower numbers.
@Suite struct RestoredEventTests {
    /// Gives all events numbers of a server that has seen far more transactions.
    private func pretendRestored(_ studio: StudioFixture) async throws {
        try await studio.database.withConnection { connection in
            _ = try connection.execute("UPDATE events SET xid = (xid::text::bigint + 1000000000000)::text::xid8")
        }
    }

    @Test func restoredEventsAreReadInTheirOrderAndBeforeAllThatComes() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let job = try await studio.submit(credits: 0)
            _ = try await studio.claim(job)
            var before: [StoredEvent] = []
            try await eventually("the events can be read") {
                before = try await studio.events.read(.job(job), after: EventCursor(transaction: 0, id: 0))
                return before.count == 2
            }
            let last = try #require(before.last?.cursor)
            #expect(try await studio.events.mayHaveTold(last))

            try await pretendRestored(studio)
            try await studio.database.migrate(StudioFixture.logger())
            // What a client knew from before is recognised as such.
            let known = EventCursor(transaction: last.transaction + 1_000_000_000_000, id: last.id)
            #expect(try await !studio.events.mayHaveTold(known))
            _ = try await studio.database.withConnection { connection in
                try connection.execute("UPDATE jobs SET cancel_requested_at = now() WHERE id = $1", [.id(job)])
                try connection.execute(
                    """
                    UPDATE jobs SET state = 'cancelled', finished_at = now(), worker_id = NULL, lease_expires_at = NULL
                    WHERE id = $1
                    """, [.id(job)])
            }
            var after: [StoredEvent] = []
            try await eventually("the next event can be read") {
                after = try await studio.events.read(.job(job), after: EventCursor(transaction: 0, id: 0))
                return after.count == 3
            }
            #expect(after.prefix(2).map(\.payload) == before.map(\.payload))
            #expect(after.last?.payload["state"] == "cancelled")
            #expect(try await studio.events.mayHaveTold(after[2].cursor))
        }
    }

    @Test func whereNothingWasRestoredNothingIsMoved() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let job = try await studio.submit(credits: 0)
            let look = "SELECT xid::text || '.' || id AS place FROM events ORDER BY xid, id"
            func places() async throws -> [String] {
                try await studio.database.withConnection { try $0.query(look).map { try $0.decode("place") } }
            }
            let before = try await places()
            try await studio.database.migrate(StudioFixture.logger())
            #expect(try await places() == before, "\(job)")
        }
    }
}
