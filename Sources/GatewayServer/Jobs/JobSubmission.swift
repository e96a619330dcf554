import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Admits jobs: everything is checked before anything is kept, then one transaction keeps the idempotency key, the held
/// credits, the job, its dependencies and the event.
struct JobSubmission: Sendable {
    let projects: ProjectDirectory
    let jobs: JobStore
    let idempotency: IdempotencyReplay
    let library: FunctionLibrary
    let inputs: InputCheck
    let dispatcher: Dispatcher
    let announcer: EventAnnouncer
    let progress: ProgressListener

    /// Submits one job.
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
        let claim = try request.idempotency(body: body, caller: caller)
        let project: ProjectRecord
        let job: NewJob
        do {
            project = try await projects.writable(name, caller: caller)
            job = try await checkedJob(body, project: project, caller: caller, context: context)
        } catch {
            // A repeated request gets its first answer, also when the world has moved on since and it would be refused.
            if let claim, let answer = try await idempotency.find(claim) { return JSONAnswer(replaying: answer) }
            throw error
        }
        switch try await jobs.admit(job, idempotency: claim, answer: { try IdempotentAnswer(Self.answer($0)) }) {
        case .replayed(let answer):
            return JSONAnswer(replaying: answer)
        case .admitted(let record), .known(let record):
            dispatcher.dispatch(record)
            progress.watch(record.project)
            await announcer.announce()
            context.logger.info(
                "job admitted",
                metadata: [
                    LogKey.job: "\(record.id)", LogKey.project: "\(record.projectName)",
                    LogKey.function: "\(record.function)",
                    "state": "\(record.state.rawValue)", "credits": "\(record.credits)",
                ])
            return try Self.answer(record)
        }
    }

    private func checkedJob(
        _ body: Data, project: ProjectRecord, caller: Caller, context: GatewayContext
    ) async throws -> NewJob {
        let submission = try Submission(try JSONBody.decode(JSONValue.self, from: body))
        let plan = try SubmissionPlan(submission, catalogue: library.current, projectQuality: project.quality)
        try await inputs.check(plan, project: project)
        return try plan.newJob(
            project: project, caller: caller, requestID: context.requestID,
            traceparent: context.traceparent.description)
    }

    private static func answer(_ job: JobRecord) throws -> JSONAnswer {
        // Sorted, so that the answer kept for the idempotency key and the one given now are the same to the byte.
        JSONAnswer(
            encoded: try JSONText.compact(JobReceipt(job), sortedKeys: true), status: .accepted,
            headers: [.location: JobLinks.path(of: job.id)])
    }
}
