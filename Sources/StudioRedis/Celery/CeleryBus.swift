public import QueueProtocol

/// What Celery's nodes, monitors and people tell each other over Redis: events, commands, and answers to commands.
///
/// Nothing here is the truth, and nothing is kept for who is away.
public struct CeleryBus: Sendable {
    /// How many commands are kept unread at most; of more the newest.
    private static let unreadCommands = 256

    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let keys: StudioKeys

    /// A bus.
    ///
    /// - Parameters:
    ///   - client: The way to Redis for what is said.
    ///   - subscriber: The way to Redis for what is heard.
    ///   - keys: The names of the installation.
    public init(client: RedisClient, subscriber: RedisSubscriber, keys: StudioKeys) {
        self.client = client
        self.subscriber = subscriber
        self.keys = keys
    }

    /// Tells monitors some events of one node, in one message.
    ///
    /// - Parameters:
    ///   - events: The events, of tasks only or one of the node itself; none does nothing.
    ///   - node: Who tells them.
    /// - Throws: `RedisError`; what was not told is not told later.
    public func publish(_ events: [StampedCeleryEvent], from node: String) async throws {
        guard !events.isEmpty else { return }
        let envelope = CeleryEvent.envelope(events, from: node)
        _ = try await client.send(
            RedisCommand("PUBLISH", .text(keys.celeryEventChannel(envelope.routingKey)), .bytes(envelope.encoded())))
    }

    /// Commands to nodes, whichever are meant.
    ///
    /// - Returns: The stream; what is no command is passed over.
    /// - Throws: `CancellationError`.
    public func commands() async throws -> EventStream<PidboxCommand> {
        EventStream(
            subscription: try await subscriber.subscribe(
                to: [keys.pidboxChannel], buffering: .newest(Self.unreadCommands)),
            read: { try? PidboxCommand(decoding: $0) })
    }

    /// Answers a command. Where the caller has left, the answer is dropped: a list for it would stay for ever.
    ///
    /// - Parameters:
    ///   - value: The answer.
    ///   - address: Where it goes.
    ///   - node: Who answers.
    ///   - clock: The node's logical clock.
    /// - Returns: Whether the caller still waited.
    /// - Throws: `RedisError`.
    @discardableResult
    public func reply(
        _ value: WireJSON, to address: PidboxCommand.ReplyAddress, from node: String, clock: Int
    ) async throws -> Bool {
        let reply = try await client.run(
            PidboxScripts.reply, keys: [keys.pidboxReplyBindings],
            arguments: [
                .text(address.routingKey), .text(keys.keyPrefix),
                .bytes(PidboxCommand.reply(value, to: address, from: node, clock: clock)),
            ])
        return reply.integer == 1
    }

    /// Asks all nodes and gathers what they answer.
    ///
    /// - Parameters:
    ///   - method: What is asked.
    ///   - arguments: More about it.
    ///   - caller: The caller's own key, new for every question.
    ///   - logicalClock: The caller's logical clock.
    ///   - patience: How long answers are waited for; not that long where every listener has answered.
    ///   - clock: What that is measured with.
    /// - Returns: The answers by the nodes' names.
    /// - Throws: `RedisError`; `CancellationError`.
    public func ask(
        _ method: String, arguments: WireObject = [:], caller: String, logicalClock: Int, patience: Duration,
        clock: some Clock<Duration> = ContinuousClock()
    ) async throws -> [String: WireJSON] {
        let name = StudioKeys.pidboxReplyList(caller)
        let list = keys.keyPrefix + name
        let binding = RedisArgument.text("\(caller)\u{06}\u{16}\u{06}\u{16}\(name)")
        let command = PidboxCommand(
            method, arguments: arguments, clock: logicalClock,
            replyTo: PidboxCommand.ReplyAddress(routingKey: caller, ticket: .string(caller)))
        do {
            let answers = try await gather(command, binding, list, patience: patience, clock: clock)
            try await hangUp(binding, list)
            return answers
        } catch {
            // The asking may be cancelled, and the binding must go all the same.
            await Task { try? await hangUp(binding, list) }.value
            throw error
        }
    }

    private func gather(
        _ command: PidboxCommand, _ binding: RedisArgument, _ list: String, patience: Duration,
        clock: some Clock<Duration>
    ) async throws -> [String: WireJSON] {
        let replies = try await client.pipeline([
            RedisCommand("SADD", .text(keys.pidboxReplyBindings), binding),
            RedisCommand("PUBLISH", .text(keys.pidboxChannel), .bytes(command.encoded())),
        ])
        let listeners = try replies[1].get().integer ?? 0
        var answers: [String: WireJSON] = [:]
        var read = 0
        let end = clock.now.advanced(by: patience)
        while read < listeners, clock.now < end {
            try await clock.sleep(for: .milliseconds(20))
            let range = RedisCommand("LRANGE", .text(list), 0, -1)
            let elements = try await client.send(range).array?.compactMap(\.bytes) ?? []
            read = elements.count
            for element in elements {
                guard let envelope = try? KombuEnvelope(decoding: element), case .object(let body) = envelope.body
                else { continue }
                for member in body.members { answers[member.name] = member.value }
            }
        }
        return answers
    }

    private func hangUp(_ binding: RedisArgument, _ list: String) async throws {
        _ = try await client.pipeline([
            RedisCommand("SREM", .text(keys.pidboxReplyBindings), binding), RedisCommand("DEL", .text(list)),
        ])
    }
}

/// The Lua of remote control.
private enum PidboxScripts {
    /// Puts the answer ARGV[3] on the list of the caller ARGV[1], which the set KEYS[1] names; the list's key has ARGV[2]
    /// before its name. In one step: a caller that hangs up leaves no list behind.
    static let reply = RedisScript(
        """
        for _, binding in ipairs(redis.call('SMEMBERS', KEYS[1])) do
          local key, _, list = string.match(binding, '^(.-)\\6\\22(.-)\\6\\22(.*)$')
          if key == ARGV[1] then
            redis.call('LPUSH', ARGV[2] .. list, ARGV[3])
            return 1
          end
        end
        return 0
        """)
}
