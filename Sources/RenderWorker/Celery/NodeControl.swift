import FoundationEssentials
import Logging
import QueueProtocol
import StudioRedis
import StudioSystem

/// Hears Celery's remote control and answers it.
///
/// What is answered from memory is answered at once and in order; what takes the database waits in a line of its own, so
/// that a slow database makes no node look dead.
struct NodeControl: Sendable {
    /// How many commands wait for the database at most; more are refused.
    static let waiting = 64
    /// How long other nodes have to answer, as workers of Celery give them.
    static let patience = Duration.seconds(1)

    let identity: NodeIdentity
    let clock: LamportClock
    let bus: CeleryBus
    let answers: NodeAnswers
    let heart: NodeHeart<ContinuousClock>
    let logger: Logger

    private struct Order: Sendable {
        let command: CeleryCommand
        let replyTo: PidboxCommand.ReplyAddress?
    }

    /// Listens until the task is cancelled; also while the worker drains.
    func run() async {
        guard let stream = try? await bus.commands() else { return }
        let (orders, line) = AsyncStream.makeStream(of: Order.self, bufferingPolicy: .bufferingOldest(Self.waiting))
        let (meetings, meeting) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { aside in
            aside.addTask {
                for await order in orders { await carryOut(order.command, replyTo: order.replyTo) }
            }
            aside.addTask {
                for await _ in meetings { await mingle() }
            }
            meeting.yield()
            for await event in stream {
                switch event {
                case .value(let message): await take(message, line)
                case .missed:
                    // Revokes may have been among what was missed, and monitors have missed this node.
                    await heart.comeBack()
                    meeting.yield()
                }
            }
            aside.cancelAll()
        }
    }

    private func take(_ message: PidboxCommand, _ line: AsyncStream<Order>.Continuation) async {
        clock.adjust(to: message.clock)
        guard message.isMeant(for: identity.name) else { return }
        do throws(CeleryRefusal) {
            let command = try CeleryCommand(method: message.method, arguments: message.arguments)
            guard command.takesTheDatabase else {
                return await carryOut(command, replyTo: message.replyTo)
            }
            if case .dropped = line.yield(Order(command: command, replyTo: message.replyTo)) {
                throw CeleryRefusal("this node has too many commands waiting; ask again")
            }
        } catch {
            logger.notice(
                "a command of Celery's remote control is not obeyed",
                metadata: ["command": "\(message.method)", LogKey.error: "\(error)"])
            await reply(["error": .string(error.description)], to: message.replyTo)
        }
    }

    private func carryOut(_ command: CeleryCommand, replyTo: PidboxCommand.ReplyAddress?) async {
        do throws(CeleryRefusal) {
            guard let answer = try await answers.answer(command) else { return }
            await reply(answer, to: replyTo)
        } catch {
            await reply(["error": .string(error.description)], to: replyTo)
        }
    }

    private func reply(_ answer: JSONValue, to address: PidboxCommand.ReplyAddress?) async {
        guard let address else { return }
        do {
            try await bus.reply(WireJSON(answer), to: address, from: identity.name, clock: clock.forward())
        } catch {
            logger.debug("a command is not answered", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Asks the other nodes what was revoked, and takes in their clocks.
    private func mingle() async {
        do {
            let found = try await bus.ask(
                "hello",
                arguments: [
                    "from_node": .string(identity.name),
                    "revoked": .array(answers.revoked.ids().map { .string($0) }),
                ], caller: UUIDText.text(UUID()), logicalClock: clock.forward(), patience: Self.patience)
            for (node, answer) in found where node != identity.name {
                guard let answer = answer.objectValue else { continue }
                if let time = answer["clock"]?.intValue { clock.adjust(to: time) }
                guard case .array(let ids)? = answer["revoked"] else { continue }
                try await answers.learn(ids.prefix(RevokedTasks.most).compactMap(\.stringValue))
            }
        } catch {
            logger.debug("no other node could be asked", metadata: [LogKey.error: "\(error)"])
        }
    }
}

extension CeleryCommand {
    /// Whether it cannot be carried out from memory alone.
    fileprivate var takesTheDatabase: Bool {
        switch self {
        case .revoke, .grow, .addConsumer, .cancelConsumer: true
        case .hello(_, let revoked): !revoked.isEmpty
        case .ping, .active, .reserved, .scheduled, .revoked, .registered, .stats, .activeQueues, .configuration,
            .clock, .queryTask, .report, .rateLimit, .timeLimit, .enableEvents, .disableEvents, .heartbeat,
            .poolRestart, .autoscale, .shutdown:
            false
        }
    }
}
