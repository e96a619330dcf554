import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import Synchronization

/// Tells Celery's clients what became of their tasks, and sends what follows them.
///
/// It follows PostgreSQL: what ended and is not answered is due, and a gateway that is at it holds it for a while. The answer
/// is one step in Redis that notes itself as done, so that a gateway that dies before it has written that down here leaves
/// nothing undone and has nothing done twice.
final class CeleryAnswers: Service {
    /// How it looks.
    struct Pace: Sendable {
        /// The longest time between two looks.
        var interval: Duration = .seconds(1)
        /// Tasks taken at a time.
        var batch = 64
        /// How long taken ones are held; after that another look takes them.
        var hold: Duration = .seconds(15)
        /// The pause after an answer that could not be given.
        var pause: Duration = .seconds(1)
    }

    private let tasks: CeleryTaskStore
    private let results: CeleryResults
    private let followers: CeleryFollowers
    private let announcer: EventAnnouncer
    private let bus: CeleryBus
    private let sender: @Sendable () -> CelerySender
    private let pace: Pace
    private let clock: any Clock<Duration>
    private let bell = Bell()
    private let logger: Logger
    /// Whether tasks wait for an answer, as far as this gateway knows: where none does, nothing is looked for at every event.
    private let hasOpen = Mutex(true)
    /// The order of what this gateway tells monitors.
    private let ticks = Mutex(0)

    /// The answers of one gateway.
    init(
        tasks: CeleryTaskStore, results: CeleryResults, followers: CeleryFollowers, announcer: EventAnnouncer,
        bus: CeleryBus,
        sender: @escaping @Sendable () -> CelerySender, pace: Pace = Pace(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.tasks = tasks
        self.results = results
        self.followers = followers
        self.announcer = announcer
        self.bus = bus
        self.sender = sender
        self.pace = pace
        self.clock = clock
        self.logger = logger
    }

    /// Answers until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                await self.bell.wait(atMost: self.pace.interval, clock: self.clock)
            }
        }
    }

    /// Tells that a job may have ended.
    func lookAgain() { if hasOpen.withLock({ $0 }) { bell.ring() } }

    /// Tells that tasks wait from now on.
    func expect() {
        hasOpen.withLock { $0 = true }
        bell.ring()
    }

    /// One look: cancels what came too late to start, and answers what is due. Faults are told, never thrown: what could not
    /// be done stays due.
    func look() async {
        do {
            while case let expired = try await tasks.cancelExpired(limit: pace.batch), !expired.isEmpty {
                await announcer.announce()
                logger.info("jobs came too late to start", metadata: ["jobs": "\(expired.count)"])
            }
            while !Task.isCancelled {
                let due = try await tasks.takeDue(limit: pace.batch, hold: pace.hold)
                if !due.isEmpty { try await answer(due) }
                if due.count < pace.batch { break }
            }
            let open = try await tasks.hasOpen()
            hasOpen.withLock { $0 = open }
        } catch {
            if !Task.isCancelled { logger.warning("Celery's tasks cannot be answered now", error: error) }
        }
    }

    private func answer(_ due: [DueCeleryTask]) async throws {
        let done = await withTaskGroup(of: DueCeleryTask?.self) { group in
            for task in due { group.addTask { await self.answer(task) ? task : nil } }
            var done: [DueCeleryTask] = []
            for await task in group { if let task { done.append(task) } }
            return done
        }
        for task in done where task.follows { followers.forget(task.task, of: task.job.id) }
        try await tasks.noteAnswered(done)
        await tellMonitors(done)
    }

    /// Tells monitors of tasks that ended before any worker had them; of all others a worker tells.
    private func tellMonitors(_ done: [DueCeleryTask]) async {
        let sender = sender()
        let events = done.compactMap { due -> StampedCeleryEvent? in
            guard due.endReason != nil || due.job.state == .cancelled, due.follows || due.job.attempt == 0 else {
                return nil
            }
            return StampedCeleryEvent(
                .revoked(due.task.id, terminated: false, expired: due.endReason == "expired"),
                timestamp: sender.now.timeIntervalSince1970, clock: clockTick(), pid: Int(getpid()))
        }
        do { try await bus.publish(events, from: sender.origin) } catch {
            logger.debug("monitors are not told of revoked tasks", error: error)
        }
    }

    private func clockTick() -> Int {
        ticks.withLock { ticks in
            ticks += 1
            return ticks
        }
    }

    /// Tells one task.
    ///
    /// - Returns: Whether it was answered for good.
    private func answer(_ due: DueCeleryTask) async -> Bool {
        do {
            let sender = sender()
            if let outcome = Self.outcome(of: due) {
                if try await results.answer(try CeleryAnswer(due.task, outcome, from: sender), from: sender) {
                    return true
                }
                try await tasks.tryAgain(due, after: pace.pause)
                return false
            }
            if let cause = due.retryCause {
                let failure = CeleryFailure(cause, of: due.job, task: due.task)
                try await results.note(
                    CeleryResult(.retry, failure.document, traceback: cause.logTail), of: due.task,
                    attempt: due.job.attempt)
            }
            try await tasks.noteTold(due)
        } catch let error as CanvasError {
            // Looked at before the task was admitted: written by another version of this program.
            logger.error(
                "what follows a task cannot be sent", metadata: ["id": "\(due.task.id)", LogKey.error: "\(error)"])
            return await answerAlone(due, error)
        } catch {
            guard !Task.isCancelled else { return false }
            logger.warning("a task cannot be answered yet", error: error, metadata: ["id": "\(due.task.id)"])
            try? await tasks.tryAgain(due, after: pace.pause)
        }
        return false
    }

    private func answerAlone(_ due: DueCeleryTask, _ error: CanvasError) async -> Bool {
        let failure = CeleryFailure(code: "internal-error", "what follows the task cannot be sent: \(error)")
        let sender = sender()
        do {
            let answer = try CeleryAnswer(due.task.alone, .failure(failure, traceback: nil), from: sender)
            return try await results.answer(answer, from: sender)
        } catch {
            logger.warning("a task cannot be answered yet", error: error, metadata: ["id": "\(due.task.id)"])
            return false
        }
    }

    /// How a task ended; nil while it goes on.
    private static func outcome(of due: DueCeleryTask) -> CeleryAnswer.Outcome? {
        if let reason = due.endReason, due.follows || due.job.state == .cancelled { return .revoked(reason) }
        switch due.job.state {
        case .succeeded: return .success(CeleryFacts.document(due.job, take: due.take))
        case .cancelled: return .revoked(due.job.attempt > 0 ? "terminated" : "revoked")
        case .failed:
            let cause = due.job.failure ?? JobFailure(.runnerFailed, "the job failed")
            return .failure(CeleryFailure(cause, of: due.job, task: due.task), traceback: cause.logTail)
        case .waiting, .queued, .running: return nil
        }
    }
}
