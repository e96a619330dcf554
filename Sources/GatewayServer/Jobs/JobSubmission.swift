import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What a job is traced back to: the request that submitted it, or the schedule.
struct SubmissionOrigin: Sendable {
    let requestID: String
    let traceparent: String

    /// A request.
    init(_ context: GatewayContext) {
        requestID = context.requestID
        traceparent = context.traceparent.description
    }

    /// A schedule that is due; a trace of its own begins.
    init(_ schedule: ScheduleID) {
        requestID = "schedule:\(schedule)"
        traceparent = TraceParent(continuing: nil).description
    }
}

/// Admits jobs: everything is checked before anything is kept, then one transaction, shared with whoever else submits at
/// the moment, keeps the idempotency key, the held credits, the job, its dependencies and the event.
struct JobSubmission: Sendable {
    let projects: ProjectDirectory
    let queue: AdmissionQueue
    let idempotency: IdempotencyReplay
    let library: FunctionLibrary
    let inputs: InputCheck
    let transcodes: TranscodeChunks

    /// Submits one job, or a film in chunks.
    ///
    /// - Parameters:
    ///   - request: The request, for its idempotency key.
    ///   - body: Its body.
    ///   - name: The project's name.
    ///   - caller: Who asks and pays.
    ///   - context: For the request's id, its trace and its log.
    /// - Returns: 202 with the job, or the first answer for a repeated key.
    /// - Throws: `StudioError`; then nothing was kept.
    func submit(
        _ request: Request, body: Data, project name: String, caller: Caller, context: GatewayContext
    ) async throws -> JSONAnswer {
        try await submit(request, body: body, project: name, caller: caller, context: context) { document, project in
            let plan = try await checked(try Submission(document), project: project)
            let origin = SubmissionOrigin(context)
            if let film = try await transcodes.chunked(plan, project: project) {
                return try await planned(film, project: project, caller: caller, origin: origin)
            }
            return plan.newJobs(project: project, caller: caller, origin: origin)
        }
    }

    /// Submits what a request's body means to its route: one job, or several that are admitted together, of which the last
    /// is the one that was asked for.
    ///
    /// - Parameters:
    ///   - request: The request, for its idempotency key.
    ///   - body: Its body.
    ///   - name: The project's name.
    ///   - caller: Who asks and pays.
    ///   - context: For the request's id, its trace and its log.
    ///   - plan: Makes the jobs, by ``planned(_:project:caller:origin:)``, from the body and the project as it was a moment
    ///     ago; called again where the project has changed since.
    /// - Returns: 202 with the last of the jobs, or the first answer for a repeated key.
    /// - Throws: `StudioError`; then nothing was kept.
    func submit(
        _ request: Request, body: Data, project name: String, caller: Caller, context: GatewayContext,
        plan: (JSONValue, ProjectRecord) async throws -> [NewJob]
    ) async throws -> JSONAnswer {
        let document = Result { try JSONBody.decode(JSONValue.self, from: body) }
        let claim = try request.idempotency(body: body, document: try? document.get(), caller: caller)
        let keyed = claim.map { claim in
            AdmissionUnit.KeyedAnswer(claim) { try JobReceipt(Self.asked($0).job()).kept }
        }
        let admission = try await admit(body: body, project: name, caller: caller, claim: claim) { project in
            AdmissionUnit(try await plan(try document.get(), project), idempotency: keyed)
        }
        switch admission {
        case .replayed(let answer): return JSONAnswer(replaying: answer)
        case .refused(let errors): throw errors.values.first ?? Self.noVerdict
        case .run: throw Self.noVerdict
        case .decided(let verdicts):
            for verdict in verdicts { Self.tell(try verdict.job(), context.logger) }
            return JobReceipt(try Self.asked(verdicts).job()).answer
        }
    }

    /// The job that was asked for: the last, where its preview stands before it.
    private static func asked(_ verdicts: [AdmissionVerdict]) -> AdmissionVerdict {
        verdicts.last ?? .refused(noVerdict)
    }

    /// Plans a unit for the project as it was a moment ago and admits it; plans anew where the project has changed since.
    ///
    /// - Parameters:
    ///   - body: The request's body.
    ///   - name: The project's name.
    ///   - caller: Who asks and pays.
    ///   - claim: The request's idempotency key.
    ///   - plan: Makes the unit.
    /// - Returns: What became of it.
    /// - Throws: `StudioError`; then nothing was kept.
    func admit(
        body: Data, project name: String, caller: Caller, claim: IdempotencyRequest?,
        plan: (ProjectRecord) async throws -> AdmissionUnit
    ) async throws -> UnitAdmission {
        for _ in 0..<3 {
            let unit: AdmissionUnit
            do {
                unit = try await plan(projects.recent(name, caller: caller))
            } catch {
                // A repeated request gets its first answer, also when the world has moved on since and it would be refused.
                if let claim, let answer = try await idempotency.find(claim) { return .replayed(answer) }
                throw error
            }
            do {
                return try await queue.admit(unit, bytes: body.count)
            } catch is ProjectChanged {
                projects.forget(name, caller: caller)
            }
        }
        throw StudioError(.conflict, "the project keeps changing; please try again", retryAfterSeconds: 1)
    }

    /// A job as the store admits it, once all that can be said of it without its transaction was checked.
    ///
    /// - Throws: `StudioError` with code `invalid`, also where a preview or chunks are asked for: they make several jobs of one.
    func planned(
        _ submission: Submission, project: ProjectRecord, caller: Caller, origin: SubmissionOrigin
    ) async throws -> NewJob {
        guard submission.sparse == nil else {
            throw StudioError.invalid([
                Finding(
                    pointer: "/sparse", code: "unsupported",
                    detail: "a preview can be asked for by POST /api/v1/projects/{project}/jobs alone")
            ])
        }
        if case .chunks? = submission.split {
            throw StudioError.invalid([
                Finding(
                    pointer: "/split", code: "unsupported",
                    detail: "chunks can be asked for by POST /api/v1/projects/{project}/jobs alone")
            ])
        }
        return try await checked(submission, project: project)
            .newJob(project: project, caller: caller, origin: origin)
    }

    private func checked(_ submission: Submission, project: ProjectRecord) async throws -> SubmissionPlan {
        let plan = try SubmissionPlan(submission, functions: library.revisions, projectQuality: project.quality)
        try await inputs.check(plan, project: project)
        return plan
    }

    /// The log's line about a job that was admitted.
    static func tell(_ job: AdmittedJob, _ logger: Logger) {
        logger.info(
            "job admitted",
            metadata: [
                LogKey.job: "\(job.id)", LogKey.project: "\(job.projectName)", LogKey.function: "\(job.function)",
                "state": "\(job.state.rawValue)", "credits": "\(job.credits)",
            ])
    }

    private static let noVerdict = StudioError(.internalFault, "a submission got no verdict")
}

extension AdmissionVerdict {
    /// The job.
    ///
    /// - Throws: Why it was refused.
    func job() throws(StudioError) -> AdmittedJob {
        switch self {
        case .admitted(let job), .known(let job): job
        case .refused(let error): throw error
        }
    }
}
