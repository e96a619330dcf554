import QueueProtocol

/// Asks Celery's nodes, all at once, and gathers what they answer.
///
/// Nodes answer only to who is entered in a set. A process that dies while it is entered leaves a mark that runs out, by
/// which the next one that asks finds and removes its entry.
struct NodeInquiry: Sendable {
    private static let prefix = "studio-"
    /// How long a process may be silent before others take its entry for one that was left behind.
    private static let markSeconds = 60
    /// Answers read at a time.
    private static let page = 500

    let client: RedisClient
    let keys: StudioKeys
    let routingKey: String

    init(client: RedisClient, keys: StudioKeys, worker: WorkerID) {
        self.client = client
        self.keys = keys
        routingKey = Self.prefix + worker.description
    }

    /// Asks which node has which of the tasks; the answers come later.
    func ask(_ tasks: [String]) async throws {
        try await all([
            RedisCommand("SET", .text(keys.askingMark(routingKey)), "1", "EX", .integer(Self.markSeconds)),
            RedisCommand("SADD", .text(keys.pidboxReplyBindings), binding(routingKey)),
            RedisCommand(
                "PUBLISH", .text(keys.pidboxChannel),
                .bytes(PidboxCommand.query(tasks: tasks, caller: routingKey).encoded())),
        ])
    }

    /// What nodes have answered since the last time.
    ///
    /// - Returns: The node that has each task, and how far it is.
    func answers() async throws -> [String: (node: String, hold: NodeReply.Hold)] {
        var found: [String: (node: String, hold: NodeReply.Hold)] = [:]
        while true {
            let reply = try await client.send(
                RedisCommand("RPOP", .text(list(routingKey)), .integer(Self.page)))
            guard let elements = reply.array else { return found }
            for raw in elements.compactMap(\.bytes) {
                guard let answer = NodeReply(decoding: raw) else { continue }
                for (task, hold) in answer.holds where found[task]?.hold != .active {
                    found[task] = (answer.node, hold)
                }
            }
            if elements.count < Self.page { return found }
        }
    }

    /// Ends tasks, wherever they are.
    func revoke(_ tasks: [String]) async throws {
        guard !tasks.isEmpty else { return }
        _ = try await client.send(
            RedisCommand("PUBLISH", .text(keys.pidboxChannel), .bytes(PidboxCommand.terminate(tasks: tasks).encoded())))
    }

    /// Asks no more: nodes that answer late find nobody.
    func leave() async throws { try await remove([routingKey]) }

    /// Removes the entries of processes that died while they asked.
    func sweep() async throws {
        let members = try await client.send(RedisCommand("SMEMBERS", .text(keys.pidboxReplyBindings))).array ?? []
        let others = members.compactMap(\.text).compactMap { member -> String? in
            let name = member.prefix { $0 != "\u{06}" }
            return name.hasPrefix(Self.prefix) && name != routingKey ? String(name) : nil
        }
        guard !others.isEmpty else { return }
        let marks = try await client.pipeline(others.map { RedisCommand("EXISTS", .text(keys.askingMark($0))) })
        try await remove(zip(others, marks).filter { $1.integer == 0 }.map(\.0))
    }

    private func remove(_ routingKeys: [String]) async throws {
        try await all(
            routingKeys.flatMap {
                [
                    RedisCommand("SREM", .text(keys.pidboxReplyBindings), binding($0)),
                    RedisCommand("DEL", .text(list($0)), .text(keys.askingMark($0))),
                ]
            })
    }

    /// How the set of those who wait names one.
    private func binding(_ caller: String) -> RedisArgument {
        .text("\(caller)\u{06}\u{16}\u{06}\u{16}\(StudioKeys.pidboxReplyList(caller))")
    }

    private func list(_ caller: String) -> String { keys.keyPrefix + StudioKeys.pidboxReplyList(caller) }

    private func all(_ commands: [RedisCommand]) async throws {
        for reply in try await client.pipeline(commands) { _ = try reply.get() }
    }
}
