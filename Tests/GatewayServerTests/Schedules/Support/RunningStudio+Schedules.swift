import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import Testing

@testable import GatewayServer

extension RunningStudio {
    static let dawn = #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "dawn"}}"#

    /// Makes a schedule that is due once a year.
    func schedule(
        _ name: String = "yearly", overlap: String = "allow", job: String = dawn, as person: Person? = nil
    ) async throws -> ScheduleID {
        let body = #"{"name": "\#(name)", "cron": "0 0 1 1 *", "overlap": "\#(overlap)", "job": \#(job)}"#
        let path = "/api/v1/projects/film/schedules"
        let reply =
            if let person { try await request(as: person, "POST", path, body: body) } else {
                try await request("POST", path, body: body)
            }
        guard reply.status == 201, let id = reply.json["id"]?.stringValue.flatMap({ ScheduleID($0) }) else {
            throw Missing(what: "schedule \(name): \(reply.status) \(reply.text)")
        }
        return id
    }

    /// Moves schedules to a time that has passed, as if they had come to it; `ago` is an interval of PostgreSQL's.
    func makeDue(_ ids: [ScheduleID], ago: String = "90 seconds") async throws {
        _ = try await parts.database.withConnection { connection in
            try connection.execute(
                """
                UPDATE schedules SET next_fire_at = date_trunc('second', now() - $2::interval), firing_until = NULL
                WHERE id = ANY ($1)
                """, [.ids(ids), .text(ago)])
        }
    }

    /// A schedule as it is now.
    func scheduled(_ id: ScheduleID, project: ProjectRecord) async throws -> ScheduleRecord {
        guard let found = try await ScheduleStore(parts.database).get(id, project: project.id) else {
            throw Missing(what: "schedule \(id)")
        }
        return found
    }

    /// Another gateway's firing, that looks only when it is told to.
    func firing(hold: Duration, on parts: GatewayParts, logger: Logger) -> ScheduleFiring {
        var pace = ScheduleFiring.Pace()
        pace.hold = hold
        return ScheduleFiring(
            schedules: ScheduleStore(parts.database), users: UserStore(parts.database),
            jobs: JobStore(parts.database), check: parts.scheduleCheck, announcer: parts.announcer, pace: pace,
            logger: logger)
    }
}
