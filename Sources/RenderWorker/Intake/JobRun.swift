import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// One claimed job from its claim to its end: runs it, publishes its take where it makes one, and writes down how it went.
struct JobRun: Sendable {
    /// What every run of this worker shares.
    struct Surroundings: Sendable {
        var jobs: JobStore
        var ends: EndsTogether
        var revisions: FunctionRevisions
        var runners: RunnerCatalogue
        var workspace: WorkspaceFolders
        var models: ModelFiles
        var publisher: TakePublisher
        var filePublisher: FilePublisher
        var results: CanvasResultStore
        /// How long jobs wait between attempts; nil takes each function's own.
        var retry: RetryPolicy?
        var lease: Duration
        var announceEvents: @Sendable () async -> Void
        var announceLog: @Sendable (JobID) async -> Void
        var publishProgress: @Sendable (ProgressReport) async -> Void
        var showPicture: @Sendable (JobID, ProgressPicture) async -> Void = { _, _ in }
        /// Takes in what becomes of the job, for whoever watches this worker; returns at once.
        var tell: @Sendable (ClaimedJob, JobNews) -> Void = { _, _ in }
        /// Tells Celery's clients of the jobs they asked for.
        var celery: CeleryNotes?
        var logger: Logger
    }

    /// How an attempt ended.
    enum Outcome: Sendable {
        /// What it made is published, and the job's success with it, which is still to be written down where it made nothing.
        case succeeded(Published)
        case failed(JobFailure)
        /// It waits until files that it was to read are made again; that is written down already.
        case putOff
        case stopped(Stop)

        /// Why an attempt ended without a result.
        enum Stop: Sendable {
            case cancelled, released, leaseLost
        }
    }

    let job: ClaimedJob
    let stop: RunStop
    let surroundings: Surroundings
    let logger: Logger
    private let began = ContinuousClock.now

    init(_ job: ClaimedJob, stop: RunStop, in surroundings: Surroundings) {
        self.job = job
        self.stop = stop
        self.surroundings = surroundings
        var logger = surroundings.logger
        logger[metadataKey: LogKey.job] = "\(job.id)"
        logger[metadataKey: LogKey.attempt] = "\(job.attempt)"
        logger[metadataKey: LogKey.function] = "\(job.function)"
        logger[metadataKey: LogKey.project] = "\(job.projectName)"
        if let shot = job.shot { logger[metadataKey: LogKey.shot] = "\(shot)" }
        if let request = job.requestID { logger[metadataKey: LogKey.requestID] = "\(request)" }
        if let trace = job.traceparent.flatMap(Self.traceID) { logger[metadataKey: LogKey.traceID] = "\(trace)" }
        self.logger = logger
    }

    var key: AttemptKey { AttemptKey(job: job.id, attempt: job.attempt) }
    var claim: HeldClaim { HeldClaim(job: job.id, attempt: job.attempt) }

    /// Carries the job through to its end. Does not throw: what goes wrong becomes the job's state.
    func carryOut() async {
        logger.info(
            "job started",
            metadata: ["waited": "\(Duration.seconds(max(0, -job.queuedAt.timeIntervalSinceNow)).short)"])
        surroundings.tell(job, .began)
        if job.cancelRequested { stop.stop(.cancelled) }
        if job.celery != nil { await surroundings.celery?.started(job) }
        let function = Result { () throws(JobFailure) in try surroundings.revisions.manifest(of: job) }
        let log = AttemptLog { [surroundings, claim] sequence, lines in
            try await surroundings.jobs.appendLog(claim, sequence: sequence, lines: lines)
            await surroundings.announceLog(claim.job)
        }
        let feed = ProgressFeed(key, project: job.project, place: job.place)
        let outcome = await withTaskGroup(of: Void.self) { aside in
            aside.addTask { await log.run(clock: ContinuousClock()) }
            aside.addTask {
                var lines = ProgressLines()
                await feed.run(clock: ContinuousClock(), show: { await surroundings.showPicture(job.id, $0) }) {
                    report in
                    await publish(report)
                    surroundings.tell(job, .progress(report))
                    if let line = lines.line(for: report, at: began.duration(to: .now)) { tell(line, of: report) }
                }
            }
            let outcome = await attempt(function, log: log, feed: feed)
            aside.cancelAll()
            return outcome
        }
        await settle(outcome, retry: surroundings.retry ?? (try? function.get().retry) ?? RetryPolicy(), log: log)
        if case .success(let function) = function, surroundings.runners.usesFiles(function) { await removeScratch() }
    }

    private func tell(_ line: String, of report: ProgressReport) {
        var metadata: Logger.Metadata = ["stage": "\(report.stage)"]
        if let left = report.etaSeconds { metadata["left"] = "\(Duration.seconds(min(left, 1e7)).short)" }
        logger.info("\(line)", metadata: metadata)
    }

    /// How long the attempt took, for people.
    private var took: Logger.Metadata.Value { "\(began.duration(to: .now).short)" }

    private func publish(_ report: ProgressReport) async {
        await surroundings.publishProgress(report)
        if job.celery != nil { await surroundings.celery?.progress(job, report) }
    }

    /// What cannot be removed now is removed at the next start.
    private func removeScratch() async {
        let (workspace, key, job) = (surroundings.workspace, key, job)
        try? await Blocking.run {
            try workspace.project(tenant: job.tenantName, name: job.projectName).removeScratch(of: key)
        }
    }

    private func attempt(
        _ function: Result<FunctionManifest, JobFailure>, log: AttemptLog, feed: ProgressFeed
    ) async -> Outcome {
        do {
            let making = OutputMaking(run: self, function: try function.get(), log: log, feed: feed)
            return .succeeded(try await making.make())
        } catch let stopped as RunStopped {
            return outcome(of: stopped.reason)
        } catch is LeaseLost {
            return .stopped(.leaseLost)
        } catch let gone as InputsGone {
            return await havingMadeAgain(gone)
        } catch let failure as JobFailure {
            return .failed(failure)
        } catch is PostgresError where stop.reason == .released {
            // The worker stops while PostgreSQL is away: the attempt is not to count.
            return .stopped(.released)
        } catch let error as PostgresError {
            logger.error("the take could not be written down", metadata: [LogKey.error: "\(error)"])
            return .failed(JobFailure(.publishFailed, "The studio's database did not take the result."))
        } catch is CancellationError {
            return .stopped(.released)
        } catch {
            logger.error("the runner failed unexpectedly", metadata: [LogKey.error: "\(error)"])
            return .failed(JobFailure(.runnerFailed, "The runner failed unexpectedly."))
        }
    }

    /// As often a job is put off; whatever eats its inputs then has eaten enough.
    static let mostPutOffs = 20

    /// Has files made again that nodes of canvases had made; other files that are gone fail the job.
    private func havingMadeAgain(_ gone: InputsGone) async -> Outcome {
        guard job.putOffs < Self.mostPutOffs else { return .failed(gone.failure) }
        let homes = Dictionary(
            job.inputs.compactMap { key, reference in
                JobID(madeBy: reference).map { ($0, job.resolvedInputs[key]?.project ?? job.projectName) }
            }, uniquingKeysWith: { first, _ in first })
        let (workspace, tenant) = (surroundings.workspace, job.tenantName)
        do {
            let outcome = try await DatabasePatience(logger: logger).persist(
                "the files that are to be made again", while: { [stop] in stop.reason == nil }
            ) {
                try await surroundings.results.makeAgain(claim, lost: gone.jobs) { file in
                    guard let home = homes[file.job], let path = try? RelativePath(file.path) else { return }
                    // What cannot be removed is in nobody's way: what is made again has a place of its own.
                    _ = try? workspace.project(tenant: tenant, name: home).directory.remove(path)
                }
            }
            guard outcome == .putOff else { return .failed(gone.failure) }
            await surroundings.announceEvents()
            return .putOff
        } catch is LeaseLost {
            return .stopped(.leaseLost)
        } catch {
            logger.error("files could not be made again", metadata: [LogKey.error: "\(error)"])
            return .stopped(.released)
        }
    }

    private func outcome(of reason: StopReason) -> Outcome {
        switch reason {
        case .cancelled: .stopped(.cancelled)
        case .released: .stopped(.released)
        case .leaseLost: .stopped(.leaseLost)
        case .timedOut:
            .failed(JobFailure(.runnerTimeout, "The job took longer than the \(job.timeoutSeconds) s it may take."))
        }
    }

    /// Writes down how the attempt ended, as often as it takes while PostgreSQL is away.
    private func settle(_ outcome: Outcome, retry: RetryPolicy, log: AttemptLog) async {
        if case .failed(let failure) = outcome { log.write("failed: \(failure.message) (\(failure.code.rawValue))") }
        // A job that is given back needs no news of it: without, its lease runs out.
        let givenUp = ContinuousClock.now.advanced(by: surroundings.lease)
        let isWanted: @Sendable () -> Bool = { [stop] in
            switch stop.reason {
            case .leaseLost: false
            case .released: ContinuousClock.now < givenUp
            case .cancelled, .timedOut, nil: true
            }
        }
        let patience = DatabasePatience(logger: logger)
        do {
            if stop.reason != .leaseLost {
                try await patience.persist("the job's log", while: isWanted) { try await log.flush() }
            }
            let news = try await patience.persist("the job's end", while: isWanted) {
                try await end(outcome, retry: retry, tail: log.tail)
            }
            surroundings.tell(job, news)
        } catch is LeaseLost {
            surroundings.tell(job, .lost)
            logger.warning("the job went on without this attempt; nothing of it is kept")
        } catch {
            surroundings.tell(job, .lost)
            logger.error(
                "the job's end could not be written down; its lease will run out", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func end(_ outcome: Outcome, retry: RetryPolicy, tail: String?) async throws -> JobNews {
        switch outcome {
        case .succeeded(.take(let take)):
            await surroundings.announceEvents()
            logger.info("job succeeded", metadata: ["take": "\(take.path)", "took": took])
            return .succeeded(take)
        case .succeeded(.files(let paths)):
            await surroundings.announceEvents()
            logger.info(
                "job succeeded", metadata: ["file": "\(paths.first ?? "")", "files": "\(paths.count)", "took": took])
            return .succeeded(nil)
        case .succeeded(.nothing):
            _ = try await surroundings.ends.settle(AttemptEnding(claim, .succeeded))
            logger.info("job succeeded", metadata: ["took": took])
            return .succeeded(nil)
        case .putOff:
            logger.notice("job put off until what it reads is made again")
            return .released
        case .stopped(.cancelled):
            _ = try await surroundings.ends.settle(AttemptEnding(claim, .cancelled))
            logger.info("job cancelled", metadata: ["took": took])
            return .cancelled
        case .stopped(.released):
            _ = try await surroundings.ends.settle(AttemptEnding(claim, .released))
            logger.info("job given back, the attempt does not count", metadata: ["took": took])
            return .released
        case .stopped(.leaseLost):
            logger.warning("attempt stopped, its lease is lost")
            return .lost
        case .failed(var failure):
            failure.logTail = failure.logTail ?? tail
            let delay = retry.delay(
                afterFailures: job.countedAttempts + 1, patience: failure.code.patience,
                jitter: Double.random(in: 0..<1))
            let end = try await surroundings.ends.settle(
                AttemptEnding(claim, .failed(failure, retryDelay: delay)))
            var metadata: Logger.Metadata = [
                "code": "\(failure.code.rawValue)", "reason": "\(failure.message)", "took": took,
            ]
            if case .queued(let notBefore?) = end { metadata["again"] = "\(Timestamp.text(notBefore))" }
            logger.warning("job failed", metadata: metadata)
            return Self.news(of: failure, end)
        }
    }

    /// A job that somebody asked to cancel while it failed is cancelled.
    private static func news(of failure: JobFailure, _ end: AttemptEnd) -> JobNews {
        switch end {
        case .queued: .failed(failure, again: true)
        case .cancelled: .cancelled
        case .failed, .succeeded: .failed(failure, again: false)
        }
    }

    /// The trace id of a W3C `traceparent`; nil where it is none.
    private static func traceID(_ traceparent: String) -> String? {
        // Bytes, not characters: this is read for every job.
        let parts = traceparent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[1].count == 32, parts[1].allSatisfy(Self.isHexDigit) else { return nil }
        return String(Substring(parts[1]))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
