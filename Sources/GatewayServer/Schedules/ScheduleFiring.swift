import FoundationEssentials
import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioSystem

/// Submits the jobs of schedules that are due, each the way a person's submission takes.
///
/// Every gateway runs one: the store hands what is due to one of them for a while. The job's id follows from the schedule
/// and the time it was due, and an id is admitted once, so a gateway that dies or sleeps anywhere in between leaves
/// one job. What was missed while nobody looked is made up for by one job, and then it goes on from now.
final class ScheduleFiring: Service {
    /// How it looks.
    struct Pace: Sendable {
        /// The longest time between two looks: another gateway may have been told of a schedule that is due soon.
        var interval: Duration = .seconds(5)
        /// Schedules taken at a time.
        var batch = 64
        /// How long taken ones are held; after that another look takes them.
        var hold: Duration = .seconds(15)
    }

    /// The key of a schedule's id in the log.
    static let scheduleKey = "schedule"

    private let schedules: ScheduleStore
    private let users: UserStore
    private let jobs: JobStore
    private let check: ScheduleCheck
    private let announcer: EventAnnouncer
    private let pace: Pace
    private let clock: any Clock<Duration>
    private let bell = Bell()
    private let logger: Logger

    /// A firing service.
    init(
        schedules: ScheduleStore, users: UserStore, jobs: JobStore, check: ScheduleCheck, announcer: EventAnnouncer,
        pace: Pace = Pace(), clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.schedules = schedules
        self.users = users
        self.jobs = jobs
        self.check = check
        self.announcer = announcer
        self.pace = pace
        self.clock = clock
        self.logger = logger
    }

    /// Fires until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let rest = await self.look()
                await self.bell.wait(atMost: rest, clock: self.clock)
            }
        }
    }

    /// Has it look again: a schedule was made or changed.
    func lookAgain() { bell.ring() }

    /// One look: fires what is due. Faults are told, never thrown: what could not be done stays due.
    ///
    /// - Returns: How long until the next look.
    @discardableResult
    func look() async -> Duration {
        do {
            while true {
                let due = try await schedules.takeDue(limit: pace.batch, hold: pace.hold)
                await withTaskGroup { group in
                    for schedule in due { group.addTask { await self.fire(schedule) } }
                }
                if due.count < pace.batch || Task.isCancelled { break }
            }
            return min(pace.interval, try await schedules.timeUntilDue() ?? pace.interval)
        } catch {
            if !Task.isCancelled { logger.warning("schedules cannot be read", error: error) }
            return pace.interval
        }
    }

    private func fire(_ due: DueSchedule) async {
        let schedule = due.schedule
        var metadata: Logger.Metadata = [
            Self.scheduleKey: "\(schedule.id)", LogKey.project: "\(schedule.projectName)",
            "due": "\(Timestamp.text(due.dueAt))",
        ]
        do {
            let times = try await check.times(of: schedule.definition)
            let report = try await report(on: due)
            let next = times.cron.next(after: max(due.dueAt, due.now), in: times.zone)
            guard try await schedules.finish(due, report, next: next) else {
                logger.info("a schedule was moved on by another", metadata: metadata)
                return
            }
            metadata["outcome"] = "\(report.outcome.rawValue)"
            if let job = report.job { metadata[LogKey.job] = "\(job)" }
            if let problem = report.problem {
                metadata["problem"] = "\(problem["code"]?.stringValue ?? "")"
                await announcer.announce()
                logger.notice("a schedule's job was refused", metadata: metadata)
            } else {
                logger.info("schedule fired", metadata: metadata)
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("a schedule could not be fired and stays due", error: error, metadata: metadata)
        }
    }

    /// Makes the job, or says why there is none.
    ///
    /// - Throws: What may be over by the next look.
    private func report(on due: DueSchedule) async throws -> FiringReport {
        let schedule = due.schedule
        let id = JobID(firing: schedule.id, due: due.dueAt)
        if schedule.definition.overlap == .skip, let last = schedule.lastJob,
            // A gateway that died may have made this one's job already.
            try await jobs.get(id) == nil, let job = try await jobs.get(last), !job.state.isFinished
        {
            return FiringReport(.skipped)
        }
        do {
            return FiringReport(.submitted, job: try await submit(id, for: schedule))
        } catch {
            guard let refusal = Self.refusal(error) else { throw error }
            var problem: [String: JSONValue] = [
                "code": .string(refusal.code.rawValue), "detail": .string(refusal.detail),
            ]
            if !refusal.findings.isEmpty {
                problem["errors"] = .array(refusal.findings.map { $0.below("/job").document })
            }
            return FiringReport(.refused, problem: .object(problem))
        }
    }

    private func submit(_ id: JobID, for schedule: ScheduleRecord) async throws -> JobID {
        let caller = try await payer(of: schedule)
        let body = try JSONText.compact(schedule.definition.job)
        let admission = try await check.submission.admit(
            body: body, project: schedule.projectName, caller: caller, claim: nil
        ) { [submission = check.submission] project in
            var job = try await submission.planned(
                try Submission(schedule.definition.job), project: project, caller: caller,
                origin: SubmissionOrigin(schedule.id))
            job.id = id
            return AdmissionUnit([job], mayBeKnown: true)
        }
        switch admission {
        case .decided(let verdicts):
            let job = try verdicts[0].job()
            JobSubmission.tell(job, logger)
            return job.id
        case .refused(let errors): throw errors[0] ?? StudioError(.internalFault, "a submission got no verdict")
        case .replayed, .run: throw StudioError(.internalFault, "a submission without a key got another's answer")
        }
    }

    /// The user a schedule runs for, as they are now.
    private func payer(of schedule: ScheduleRecord) async throws -> Caller {
        guard let user = try await users.find(schedule.user), user.tenant == schedule.tenant, user.disabledAt == nil
        else { throw StudioError(.forbidden, "the user it runs for is disabled or gone") }
        guard Permission.work.isGranted(to: user.roles) else {
            throw StudioError(.forbidden, "no role of the user it runs for allows to submit jobs")
        }
        return Caller(
            userID: user.id, tenantID: user.tenant, tenantName: user.tenantName, email: user.email,
            displayName: user.displayName, roles: user.roles, tokenExpiresAt: .distantFuture)
    }

    /// Why a submission was refused; nil for what may be over by the next look.
    private static func refusal(_ error: any Error) -> StudioError? {
        let refusal = error as? StudioError ?? (error as? PostgresError)?.asStudioError
        guard let refusal, refusal.retryAfterSeconds == nil else { return nil }
        switch refusal.code {
        case .unavailable, .storageFull, .rateLimited: return nil
        default: return refusal
        }
    }
}

extension Finding {
    /// The finding as a problem has it.
    fileprivate var document: JSONValue {
        ["pointer": .string(pointer), "code": .string(code), "detail": .string(detail)]
    }
}
