import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres

/// Admits what Celery's clients submit, the way a person's submission takes: same checks, same credits, same group commit. A
/// task is admitted once, by the id that its job has.
struct CeleryAdmission: Sendable {
    let submission: JobSubmission
    let users: UserStore
    let projects: ProjectStore
    let tasks: CeleryTaskStore
    let followers: CeleryFollowers
    let progress: ProgressListener
    let logger: Logger

    /// Makes the job of a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - call: Its arguments.
    /// - Throws: `StudioError` where it is refused; `PostgresError`. Then there is no job.
    func submit(_ task: CeleryTask, call: TaskCall) async throws {
        let asked = try CelerySubmission(call, of: task)
        let expires = try task.expires.map { try CeleryTime.read($0, pointer: "/expires") }
        let caller = try await payer(asked)
        let name = try await project(asked.project, caller: caller)
        let job = JobID(celeryTask: task.id)
        let admission = try await submission.admit(
            body: try JSONText.compact(asked.body), project: name, caller: caller, claim: nil
        ) { [submission] project in
            var planned = try await submission.planned(
                asked.submission, project: project, caller: caller, origin: SubmissionOrigin(task))
            planned.id = job
            planned.celery = task
            planned.expiresAt = expires
            if let limit = task.timeLimit {
                planned.timeoutSeconds = min(planned.timeoutSeconds, max(1, Int(limit.rounded(.up))))
            }
            return AdmissionUnit([planned], mayBeKnown: true)
        }
        switch admission {
        case .decided(let verdicts):
            let admitted = try verdicts[0].job()
            if case .known = verdicts[0], try await tasks.known([task.id])[task.id] != job {
                throw StudioError(.conflict, "there is another job with this id")
            }
            JobSubmission.tell(admitted, logger)
        case .refused(let errors): throw errors[0] ?? StudioError(.internalFault, "a submission got no verdict")
        case .replayed, .run: throw StudioError(.internalFault, "a submission without a key got another's answer")
        }
    }

    /// Has a task wait for the job it names.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - call: Its arguments.
    /// - Throws: `StudioError` where it names none; `PostgresError`.
    func follow(_ task: CeleryTask, call: TaskCall) async throws {
        guard let job = call.argument("job_id", at: 0)?.stringValue.flatMap({ JobID($0) }) else {
            throw StudioError.invalid([
                Finding(pointer: "/job_id", code: "format", detail: "must be a job's id, a UUID")
            ])
        }
        guard case .follows(let project) = try await tasks.follow(task, job: job) else {
            throw StudioError(.notFound, "there is no such job")
        }
        followers.add(task, to: job)
        progress.watch(project)
    }

    private func payer(_ asked: CelerySubmission) async throws -> Caller {
        let found =
            if let id = UserID(asked.user) { try await users.find(id) } else {
                try await users.find(email: asked.user)
            }
        guard let user = found, asked.tenant == nil || asked.tenant == user.tenantName else {
            throw StudioError(.notFound, "there is no such user")
        }
        guard user.disabledAt == nil else { throw StudioError(.forbidden, "the user is disabled") }
        guard Permission.work.isGranted(to: user.roles) else {
            throw StudioError(.forbidden, "no role of the user allows to submit jobs")
        }
        return Caller(
            userID: user.id, tenantID: user.tenant, tenantName: user.tenantName, email: user.email,
            displayName: user.displayName, roles: user.roles, tokenExpiresAt: .distantFuture)
    }

    private func project(_ named: String, caller: Caller) async throws -> String {
        guard let id = ProjectID(named) else { return named }
        guard let project = try await projects.get(id), project.tenant == caller.tenantID else {
            throw StudioError(.notFound, "there is no such project")
        }
        return project.name
    }
}

extension SubmissionOrigin {
    /// A Celery task; the trace that its sender works in goes on where the sender gave one.
    init(_ task: CeleryTask) {
        requestID = "celery:\(task.id.prefix(128))"
        traceparent = TraceParent(continuing: task.traceparent).description
    }
}
