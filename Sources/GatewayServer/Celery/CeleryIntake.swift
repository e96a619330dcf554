import FoundationEssentials
import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import Synchronization

/// Takes what workers hand on of Celery's clients, and makes jobs of it.
///
/// A message stays in this gateway's processing list until what it asks is committed, or its refusal is written; when the
/// gateway dies, the recovery brings it back. Handling one twice does nothing the second time: a task is admitted once, and
/// answered once.
final class CeleryIntake: Service {
    /// How it works.
    struct Pace: Sendable {
        /// Messages taken at a time; they share commits.
        var batch = 128
        /// The time between two signs of life.
        var beat: Duration = .seconds(3)
        /// The pause after what may be over soon.
        var pause: Duration = .milliseconds(500)
    }

    /// What becomes of a message.
    private enum Verdict {
        case done, again, dead
        /// A job was made, or waits: it is looked whether its task was revoked meanwhile.
        case begun
    }

    private let consumer: TaskConsumer
    private let results: CeleryResults
    private let admission: CeleryAdmission
    private let tasks: CeleryTaskStore
    private let gateways: GatewayStore
    private let sender: @Sendable () -> CelerySender
    private let onBegun: @Sendable () -> Void
    private let pace: Pace
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let isStopping = Mutex(false)

    /// An intake.
    ///
    /// - Parameters:
    ///   - consumer: Takes messages, under an id of this gateway alone.
    ///   - results: Where refusals go.
    ///   - admission: Makes the jobs.
    ///   - tasks: The tasks that wait.
    ///   - gateways: Where this gateway tells that it lives.
    ///   - sender: Who refuses.
    ///   - onBegun: Called when tasks wait for an answer from now on; must not block.
    ///   - pace: How it works.
    ///   - clock: What pauses are measured with.
    ///   - logger: Where it tells of refusals and faults.
    init(
        consumer: TaskConsumer, results: CeleryResults, admission: CeleryAdmission, tasks: CeleryTaskStore,
        gateways: GatewayStore, sender: @escaping @Sendable () -> CelerySender,
        onBegun: @escaping @Sendable () -> Void, pace: Pace = Pace(), clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.consumer = consumer
        self.results = results
        self.admission = admission
        self.tasks = tasks
        self.gateways = gateways
        self.sender = sender
        self.onBegun = onBegun
        self.pace = pace
        self.clock = clock
        self.logger = logger
    }

    /// Takes messages until the process is asked to stop; what was taken is seen to before.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { aside in
                aside.addTask { await self.consumer.run() }
                // Nothing is taken before others can tell that it is held by somebody alive.
                if await self.signIn() {
                    aside.addTask { await self.beat() }
                    while !self.isStopping.withLock({ $0 }), !Task.isCancelled {
                        if await self.look() == 0 { try? await self.consumer.waitForWork() }
                    }
                    await self.signOff()
                }
                aside.cancelAll()
            }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
            self.consumer.wake()
        }
    }

    /// One look into the queue.
    ///
    /// - Returns: How many messages were taken; 0 too where Redis is away.
    func look() async -> Int {
        do {
            let messages = try await consumer.reserve(upTo: pace.batch)
            if !messages.isEmpty { try await handle(messages) }
            return messages.count
        } catch {
            guard !Task.isCancelled else { return 0 }
            logger.warning("what Celery's clients ask cannot be taken from Redis", error: error)
            await pause()
            return 1
        }
    }

    /// Sees to messages; whatever fails, none of them is left in hand.
    private func handle(_ taken: [ReservedTask]) async throws {
        // Workers look before they hand on; somebody else may have put a message here.
        let messages = taken.filter { CeleryTask.mayBeID($0.message.id) }
        var moves = Moves()
        moves.dead = taken.filter { !CeleryTask.mayBeID($0.message.id) }
        do {
            let ids = messages.map(\.message.id)
            let context = Context(
                answered: try await results.answered(ids), revoked: try await tasks.revoked(among: ids),
                known: try await tasks.known(ids))
            let verdicts = await verdicts(on: messages, context)
            func those(_ wanted: Verdict) -> [ReservedTask] {
                zip(messages, verdicts).filter { $1 == wanted }.map(\.0)
            }
            moves.dead += those(.dead)
            moves.again = those(.again)
            moves.done = those(.done)
            let begun = those(.begun)
            do {
                if !begun.isEmpty { try await lookForRevokes(of: begun) }
                moves.done += begun
            } catch {
                logger.warning("what was begun is looked at again", error: error)
                moves.again += begun
            }
        } catch {
            logger.warning("what Celery's clients ask waits", error: error)
            moves.again += messages
        }
        try await apply(moves)
    }

    /// What becomes of some messages.
    private struct Moves {
        var done: [ReservedTask] = []
        var again: [ReservedTask] = []
        var dead: [ReservedTask] = []
    }

    /// Each is tried whatever became of the others: a move that fails takes its messages out of hand, and they come again.
    private func apply(_ moves: Moves) async throws {
        var failure: (any Error)?
        do { try await consumer.acknowledge(moves.done) } catch { failure = error }
        do { try await consumer.bury(moves.dead) } catch { failure = error }
        do { try await consumer.giveBack(moves.again) } catch { failure = error }
        if let failure { throw failure }
        if !moves.again.isEmpty { await pause() }
    }

    /// A revoke that came while a job was being made did not see it.
    private func lookForRevokes(of begun: [ReservedTask]) async throws {
        onBegun()
        let late = try await tasks.revoked(among: begun.map(\.message.id))
        if !late.isEmpty { _ = try await tasks.revoke(Array(late), terminate: false) }
    }

    private func verdicts(on messages: [ReservedTask], _ context: Context) async -> [Verdict] {
        await withTaskGroup(of: (Int, Verdict).self) { group in
            for (place, message) in messages.enumerated() {
                group.addTask { (place, await self.verdict(on: message.message, context)) }
            }
            var verdicts = [Verdict](repeating: .again, count: messages.count)
            for await (place, verdict) in group { verdicts[place] = verdict }
            return verdicts
        }
    }

    /// What is known of some messages' tasks.
    private struct Context: Sendable {
        let answered: Set<String>
        let revoked: Set<String>
        let known: [String: JobID]
    }

    private func verdict(on message: TaskMessage, _ context: Context) async -> Verdict {
        guard let call = try? message.call() else { return .dead }
        let task = CeleryTask(message, call: call)
        if context.answered.contains(task.id) { return .done }
        if context.known[task.id] != nil { return .begun }
        do {
            if context.revoked.contains(task.id) { return try await refuse(task, .revoked("revoked")) }
            if let expires = task.expires, try CeleryTime.read(expires, pointer: "/expires") <= sender().now {
                return try await refuse(task, .revoked("expired"))
            }
            if let reason = Self.unsendable(task, from: sender()) {
                throw StudioError.invalid([Finding(pointer: "/embed", code: "unsupported", detail: reason)])
            }
            switch task.name {
            case TaskName.submit: try await admission.submit(task, call: call)
            case TaskName.render:
                try await admission.follow(task, call: call)
                try await results.note(
                    CeleryResult(.started, .object(["hostname": .string(sender().origin)])), of: task, attempt: 0)
            default: return try await refuse(task, .failure(.notRegistered(task.name), traceback: nil))
            }
            return .begun
        } catch {
            return await verdict(on: task, after: error)
        }
    }

    private func verdict(on task: CeleryTask, after error: any Error) async -> Verdict {
        guard let refusal = (error as? StudioError) ?? (error as? PostgresError)?.asStudioError,
            refusal.retryAfterSeconds == nil, ![.unavailable, .storageFull, .rateLimited].contains(refusal.code)
        else {
            logger.warning("a task waits", error: error, metadata: ["id": "\(task.id)"])
            return .again
        }
        logger.notice(
            "a task is refused",
            metadata: [
                "id": "\(task.id)", "task": "\(task.name)", "code": "\(refusal.code.rawValue)",
                "reason": "\(refusal.detail)",
            ])
        do {
            return try await refuse(task, .failure(CeleryFailure(refusal), traceback: nil))
        } catch {
            logger.warning("a refusal cannot be told yet", error: error, metadata: ["id": "\(task.id)"])
            return .again
        }
    }

    /// Answers a task that there is no job for. What follows it and cannot be sent is left out: it is why it is refused.
    private func refuse(_ task: CeleryTask, _ outcome: CeleryAnswer.Outcome) async throws -> Verdict {
        let sender = sender()
        let answer =
            try (try? CeleryAnswer(task, outcome, from: sender)) ?? CeleryAnswer(task.alone, outcome, from: sender)
        return try await results.answer(answer, from: sender) ? .done : .again
    }

    /// Why what follows a task could not be sent once it is done; nil where it can.
    private static func unsendable(_ task: CeleryTask, from sender: CelerySender) -> String? {
        let failure = CeleryAnswer.Outcome.failure(.notRegistered(task.name), traceback: nil)
        do throws(CanvasError) {
            _ = try CeleryAnswer(task, .success(.null), from: sender)
            _ = try CeleryAnswer(task, failure, from: sender)
            return nil
        } catch {
            return error.description
        }
    }

    // MARK: Signs of life

    private func signIn() async -> Bool {
        while !isStopping.withLock({ $0 }), !Task.isCancelled {
            do {
                try await gateways.touch(consumer.worker)
                return true
            } catch {
                logger.warning("the gateway cannot sign in for Celery's messages", error: error)
                await pause()
            }
        }
        return false
    }

    private func beat() async {
        while !Task.isCancelled {
            try? await clock.sleep(for: pace.beat)
            do { try await gateways.touch(consumer.worker) } catch  where !Task.isCancelled {
                logger.debug("a sign of life does not reach PostgreSQL", error: error)
            } catch {}
        }
    }

    private func signOff() async {
        do {
            try await consumer.retire()
            try await gateways.leave(consumer.worker)
        } catch {
            logger.debug("the gateway could not sign off", error: error)
        }
    }

    private func pause() async {
        try? await cancelWhenGracefulShutdown { try await self.clock.sleep(for: self.pace.pause) }
    }
}
