import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// A schedule as clients see it.
struct ScheduleDocument: Encodable, Sendable {
    struct Firing: Encodable, Sendable {
        let dueAt: Date
        let firedAt: Date
        let outcome: FiringOutcome
        let problem: JSONValue?
    }
    struct Links: Encodable, Sendable {
        let `self`: String
        let project: String
        let lastJob: String?
    }

    let id: ScheduleID
    let project: String
    let user: UserID
    let name: String
    let cron: String
    let timeZone: String
    let enabled: Bool
    let overlap: ScheduleOverlap
    let job: JSONValue
    let nextFireAt: Date?
    let last: Firing?
    let lastJob: JobID?
    let createdAt: Date
    let updatedAt: Date
    /// Raised by every change that people make; the ETag.
    let revision: Int
    let links: Links

    init(_ schedule: ScheduleRecord) {
        id = schedule.id
        project = schedule.projectName
        user = schedule.user
        name = schedule.definition.name
        cron = schedule.definition.cron
        timeZone = schedule.definition.timeZone
        enabled = schedule.definition.isEnabled
        overlap = schedule.definition.overlap
        job = schedule.definition.job
        nextFireAt = schedule.nextFireAt
        last = schedule.last.map {
            Firing(dueAt: $0.dueAt, firedAt: $0.firedAt, outcome: $0.outcome, problem: $0.problem)
        }
        lastJob = schedule.lastJob
        createdAt = schedule.createdAt
        updatedAt = schedule.updatedAt
        revision = schedule.revision
        links = Links(
            self: Self.path(of: schedule), project: ProjectDocument.path(of: schedule.projectName),
            lastJob: schedule.lastJob.map(JobLinks.path(of:)))
    }

    static func path(of schedule: ScheduleRecord) -> String {
        "\(ProjectDocument.path(of: schedule.projectName))/schedules/\(schedule.id)"
    }
}
