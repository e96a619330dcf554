import FoundationEssentials
public import QueueProtocol

/// Celery's result backend as we write it. Every write looks at what is there: nothing follows a final result, and nothing
/// older a newer.
public struct CeleryResults: Sendable {
    /// How long results are kept, in seconds: Celery's own default.
    static let kept = 86_400
    /// How long it is known that a task was answered, in seconds: longer than whoever answers may be away.
    static let known = 7 * 86_400

    let client: RedisClient
    let keys: StudioKeys

    /// The results of one installation.
    ///
    /// - Parameters:
    ///   - client: The way to Redis.
    ///   - keys: The names of the installation.
    public init(client: RedisClient, keys: StudioKeys) {
        self.client = client
        self.keys = keys
    }

    /// Writes a state that another will follow.
    ///
    /// - Parameters:
    ///   - result: The state.
    ///   - task: The task; where nobody wants its result, nothing is written.
    ///   - attempt: The attempt at the job that it comes from: what an earlier one says late is left out.
    /// - Returns: Whether it was written: not where the task is done, or something later is there.
    /// - Throws: `RedisError`; the next state makes up for a lost one.
    @discardableResult
    public func note(_ result: CeleryResult, of task: CeleryTask, attempt: Int) async throws -> Bool {
        guard !task.ignoresResult else { return false }
        let step =
            switch result.state {
            case .started: 0
            case .progress: 1
            case .retry: 2
            case .success, .failure, .revoked: 3
            }
        let reply = try await client.run(
            CeleryScripts.note, keys: [keys.celeryNote(task.id), keys.celeryResult(task.id)],
            arguments: [
                .integer(attempt * 4 + step), .bytes(result.encoded(of: task, at: Date())), .integer(Self.kept),
            ])
        guard let written = reply.integer else { throw RedisReply.unexpected("EVALSHA") }
        return written == 1
    }

    /// Which of some tasks were answered for good.
    ///
    /// - Parameter tasks: The tasks' ids.
    /// - Returns: Those that were.
    /// - Throws: `RedisError`.
    public func answered(_ tasks: [String]) async throws -> Set<String> {
        guard !tasks.isEmpty else { return [] }
        let reply = try await client.send(
            RedisCommand("MGET", arguments: tasks.map { .text(keys.celeryNote($0)) }))
        guard let notes = reply.array, notes.count == tasks.count else { throw RedisReply.unexpected("MGET") }
        return Set(zip(tasks, notes).filter { $1.text == "final" }.map(\.0))
    }

    /// Answers a task for good: its result, what is sent because of it, and its parts of chords. What was done before is not
    /// done again, however often this is called and wherever it broke off.
    ///
    /// - Parameters:
    ///   - answer: What the task's end means.
    ///   - sender: Who answers.
    /// - Returns: Whether all of it is done; not where another is at the end of a chord, whose claim may be left over from
    ///   a program that died: then it is to be called again some time later.
    /// - Throws: `RedisError`; `CanvasError` where the body of a chord cannot be sent.
    @discardableResult
    public func answer(_ answer: CeleryAnswer, from sender: CelerySender) async throws -> Bool {
        var deeds = Deeds(keys: keys, leading: [keys.celeryNote(answer.task)])
        deeds.add(answer)
        _ = try await client.run(
            CeleryScripts.answer, keys: deeds.keys,
            arguments: [.integer(Self.kept), .integer(Self.known)] + deeds.arguments)
        var isDone = true
        var parts = answer.parts
        while let part = parts.popLast() {
            let (further, isPartDone) = try await gather(part, of: answer, from: sender)
            parts += further
            isDone = isDone && isPartDone
        }
        return isDone
    }

    /// Gathers a part of a chord, and ends the chord where it was the last.
    ///
    /// - Returns: Parts of outer chords that the end of this one is, and whether it is done with.
    private func gather(
        _ part: CeleryAnswer.ChordPart, of answer: CeleryAnswer, from sender: CelerySender
    ) async throws -> (further: [CeleryAnswer.ChordPart], isDone: Bool) {
        let group = [".j", ".t", ".s", ".d", "", ".c"].map { keys.celeryGroup(part.group, $0) }
        let token = "studio:\(part.task)"
        let reply = try await client.run(
            CeleryScripts.gatherPart, keys: group,
            arguments: [
                .text(part.task), .bytes(part.document), .text(part.place), .text(token), .integer(Self.kept), 30,
            ])
        guard let numbers = reply.array?.compactMap(\.integer), numbers.count == 2 else {
            throw RedisReply.unexpected("EVALSHA")
        }
        guard numbers[1] == 1 else { return ([], numbers[1] == 0) }
        let results = try await gathered(group: part.group)
        let end = try CeleryAnswer(completing: part, rootID: answer.rootID, results, from: sender)
        var deeds = Deeds(keys: keys, leading: [group[5], group[0], group[1], group[2], group[3]])
        deeds.add(end)
        let done = try await client.run(
            CeleryScripts.completeChord, keys: deeds.keys,
            arguments: [.integer(Self.kept), .text(token)] + deeds.arguments)
        return done.integer == 1 ? (end.parts, true) : ([], false)
    }

    /// What the members of a chord came to, in their order, or why the chord failed.
    private func gathered(group: String) async throws -> Result<[WireJSON], CeleryFailure> {
        let replies = try await client.pipeline([
            RedisCommand("ZRANGE", .text(keys.celeryGroup(group, ".j")), 0, -1),
            RedisCommand("GET", .text(keys.celeryGroup(group))),
        ])
        guard let parts = try replies[0].get().array?.compactMap(\.bytes) else { throw RedisReply.unexpected("ZRANGE") }
        let gathered = GatheredParts(parts)
        guard case .success = gathered.results, let saved = try replies[1].get().bytes else { return gathered.results }
        // A group with groups in it: its results are put together as it was made.
        guard let shape = GroupShape(saved) else { return gathered.results }
        let stored = try await client.send(
            RedisCommand("MGET", arguments: shape.tasks.map { .text(keys.celeryResult($0)) }))
        guard let documents = stored.array, documents.count == shape.tasks.count else {
            throw RedisReply.unexpected("MGET")
        }
        return shape.results(
            Dictionary(zip(shape.tasks, documents.map(\.bytes)), uniquingKeysWith: { first, _ in first }))
    }
}

/// What a script is to write, as its keys and arguments.
private struct Deeds {
    private let names: StudioKeys
    private(set) var keys: [String]
    private(set) var arguments: [RedisArgument] = []

    init(keys names: StudioKeys, leading: [String]) {
        self.names = names
        keys = leading
    }

    /// Sizes and groups before the messages that count on them, the messages before the results that tell of them.
    mutating func add(_ answer: CeleryAnswer) {
        for size in answer.dispatch.chordSizes {
            add("drop", names.celeryGroup(size.group, ".c"), [])
            add("set", names.celeryGroup(size.group, ".s"), Array(String(size.size).utf8))
        }
        for group in answer.dispatch.savedGroups { add("set", names.celeryGroup(group.group), group.document) }
        for message in answer.dispatch.messages {
            add("push", names.list(message.routingKey, message.priority), message.encoded())
        }
        for result in answer.results { add("result", names.celeryResult(result.task), result.document) }
    }

    private mutating func add(_ deed: String, _ key: String, _ text: [UInt8]) {
        let index = keys.firstIndex(of: key) ?? keys.endIndex
        if index == keys.endIndex { keys.append(key) }
        arguments += [.text(deed), .integer(index + 1), .bytes(text)]
    }
}
