import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Changes, cancels and retries jobs.
struct JobControl: Sendable {
    let jobs: JobStore
    let bus: EventBus
    let board: JobProgressBoard
    let dispatcher: Dispatcher
    let announcer: EventAnnouncer
    let monitors: MonitorNews

    /// Changes priority, hold or place of a job that has not started.
    ///
    /// - Returns: The job as it stands now.
    /// - Throws: `StudioError` with code `not-found`, `conflict` where it has started, `invalid` for a move that cannot be.
    func change(
        _ id: JobID, _ change: JobChange, caller: Caller, context: GatewayContext
    ) async throws -> JobRecord {
        let job = try await jobs.change(id, change, tenant: caller.tenantID, by: caller.author(context))
        dispatcher.lookAgain()
        context.logger.info(
            "job changed",
            metadata: [LogKey.job: "\(id)", "priority": "\(job.priority)", "held": "\(job.heldAt != nil)"])
        return job
    }

    /// Lets a job go on whose preview has been seen.
    ///
    /// - Returns: The job as it stands now.
    /// - Throws: `StudioError` with code `not-found`, or `conflict` where there is nothing to approve yet or any more.
    func approve(_ id: JobID, caller: Caller, context: GatewayContext) async throws -> JobRecord {
        let job = try await jobs.approve(id, tenant: caller.tenantID, by: caller.author(context))
        dispatcher.lookAgain()
        context.logger.info("job approved", metadata: [LogKey.job: "\(job.id)"])
        return job
    }

    /// Cancels a job, or asks its worker to; again and again with the same result.
    ///
    /// - Returns: The job as it stands now: `cancelled`, `running` with the request noted, or as it had finished.
    /// - Throws: `StudioError` with code `not-found`.
    func cancel(_ id: JobID, caller: Caller, context: GatewayContext) async throws -> JobRecord {
        let done = try await jobs.cancel(id, tenant: caller.tenantID, by: caller.author(context))
        switch done.effect {
        case .cancelled:
            await announcer.announce()
            for part in try await jobs.parts(of: id) where part.state == .running {
                await tellWorker(part.worker, of: part.id, attempt: part.attempt, context: context)
            }
            if done.job.attempt > 0 { await monitors.cancelled([id]) }
            context.logger.info(
                "job cancelled", metadata: [LogKey.job: "\(id)", "dependents_failed": "\(done.failedDependents.count)"])
        case .requested:
            await tellWorker(done.job.worker, of: id, attempt: done.job.attempt, context: context)
            context.logger.info("job asked to stop", metadata: [LogKey.job: "\(id)"])
        case .alreadyFinished, .leftRunning: break
        }
        return done.job
    }

    /// Queues a failed or cancelled job again, with its history kept.
    ///
    /// - Returns: 202 with the job, or the first answer for a repeated idempotency key, also when it comes again before
    ///   the first is answered.
    /// - Throws: `StudioError`: `not-found`, `conflict` in other states, `insufficient-credits`, `idempotency-mismatch`.
    func retry(
        _ id: JobID, request: Request, body: Data, caller: Caller, context: GatewayContext
    ) async throws -> JSONAnswer {
        let job: JobRecord
        if let claim = try request.idempotency(body: body, caller: caller) {
            let outcome = try await jobs.retry(
                id, tenant: caller.tenantID, idempotency: claim, by: caller.author(context)
            ) {
                JobReceipt(AdmittedJob($0)).kept
            }
            switch outcome {
            case .replayed(let first): return JSONAnswer(replaying: first)
            case .retried(let retried): job = retried
            }
        } else {
            job = try await jobs.retry(id, tenant: caller.tenantID, by: caller.author(context))
        }
        board.forget(id)
        dispatcher.dispatch([AdmittedJob(job)])
        // Parts of it that are queued anew are found in the backlog.
        if job.state == .waiting { dispatcher.lookAgain() }
        await announcer.announce()
        context.logger.info("job queued again", metadata: [LogKey.job: "\(id)", "round": "\(job.round)"])
        return JobReceipt(AdmittedJob(job)).answer
    }

    private func tellWorker(
        _ worker: WorkerID?, of job: JobID, attempt: Int, context: GatewayContext
    ) async {
        do {
            try await bus.send(.cancel(job: job, attempt: attempt), to: worker)
        } catch {
            context.logger.notice(
                "the worker hears of the cancel at its next heartbeat", error: error,
                metadata: [LogKey.job: "\(job)"])
        }
    }
}
