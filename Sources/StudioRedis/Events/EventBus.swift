public import FoundationEssentials
public import QueueProtocol

/// What the programs tell each other at once and without keeping it: progress, wake-ups, control messages.
///
/// Nothing here is the truth: who misses something reads PostgreSQL. How often progress is sent is the sender's affair.
public struct EventBus: Sendable {
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

    // MARK: Saying

    /// Tells whoever watches a project how far a job is.
    ///
    /// - Parameter report: The report.
    /// - Throws: `RedisError`; the next report makes up for a lost one.
    public func publish(_ report: ProgressReport) async throws {
        _ = try await publish(Array(try JSONText.compact(report)), on: keys.progressChannel(report.project))
    }

    /// Shows the newest picture of what a job makes; it is kept for two minutes, so that any gateway can show it.
    ///
    /// - Parameters:
    ///   - picture: The picture's bytes.
    ///   - mediaType: What they are.
    ///   - job: The job.
    /// - Throws: `RedisError`; the next picture makes up for a lost one.
    public func show(_ picture: Data, mediaType: String, of job: JobID) async throws {
        _ = try await client.send(
            RedisCommand(
                "SET", .text(keys.preview(job)), .bytes(Array(mediaType.utf8) + [0x0A] + Array(picture)), "EX", 120))
    }

    /// The newest picture of what a job makes.
    ///
    /// - Parameter job: The job.
    /// - Returns: The picture's bytes and what they are; nil where none was shown lately.
    /// - Throws: `RedisError`.
    public func picture(of job: JobID) async throws -> (mediaType: String, bytes: Data)? {
        let reply = try await client.send(RedisCommand("GET", .text(keys.preview(job))))
        guard let stored = reply.bytes, let end = stored.firstIndex(of: 0x0A) else { return nil }
        return (String(decoding: stored[..<end], as: UTF8.self), Data(stored[(end + 1)...]))
    }

    /// Tells all gateways that PostgreSQL has new durable events.
    ///
    /// - Parameter speaker: Who says it, where it does not want to hear itself; default nobody in particular.
    /// - Throws: `RedisError`; gateways also look by themselves.
    public func announceEvents(from speaker: UUID? = nil) async throws {
        _ = try await publish(Self.bytes(of: speaker), on: keys.eventsChannel)
    }

    /// Tells whoever follows a job's log that it has grown.
    ///
    /// - Parameter job: The job.
    /// - Throws: `RedisError`.
    public func announceLog(of job: JobID) async throws { _ = try await publish([], on: keys.logChannel(job)) }

    /// Tells one worker, or all.
    ///
    /// - Parameters:
    ///   - message: What to tell.
    ///   - worker: The worker; nil tells all.
    /// - Returns: How many listeners heard it.
    /// - Throws: `RedisError`; a cancel request also reaches the worker by its next heartbeat.
    @discardableResult
    public func send(_ message: ControlMessage, to worker: WorkerID? = nil) async throws -> Int {
        let channel = worker.map { keys.controlChannel($0) } ?? keys.controlChannel
        return try await publish(Array(try JSONText.compact(message)), on: channel)
    }

    // MARK: Hearing

    /// Progress of projects.
    ///
    /// - Parameters:
    ///   - projects: The projects.
    ///   - limit: How many unread reports are kept, the newest; default 256.
    /// - Returns: The stream.
    /// - Throws: `CancellationError`.
    public func progress(of projects: [ProjectID], keeping limit: Int = 256) async throws -> EventStream<ProgressReport>
    {
        EventStream(
            subscription: try await subscriber.subscribe(
                to: projects.map { keys.progressChannel($0) }, buffering: .newest(limit)),
            read: { try? JSONText.decode(ProgressReport.self, from: Data($0)) })
    }

    /// Wake-ups for durable events; many that nobody has read yet are one.
    ///
    /// - Parameter speaker: Whose announcements are passed over; default nobody's.
    /// - Returns: The stream.
    /// - Throws: `CancellationError`.
    public func eventWakeups(besides speaker: UUID? = nil) async throws -> EventStream<Void> {
        let own = Self.bytes(of: speaker)
        // All of them until they are read: the newest alone could be one that is passed over, in the place of one that counts.
        return EventStream(
            subscription: try await subscriber.subscribe(
                to: [keys.eventsChannel], buffering: speaker == nil ? .newest(1) : .complete(256)),
            read: { !own.isEmpty && $0 == own ? nil : () })
    }

    /// Wake-ups for a job's log; several that nobody has read yet are one.
    ///
    /// - Parameter job: The job.
    /// - Returns: The stream.
    /// - Throws: `CancellationError`.
    public func logWakeups(of job: JobID) async throws -> EventStream<Void> {
        EventStream(
            subscription: try await subscriber.subscribe(to: [keys.logChannel(job)], buffering: .newest(1)),
            read: { _ in })
    }

    /// What is told to one worker and to all.
    ///
    /// - Parameter worker: The worker.
    /// - Returns: The stream; kinds that are not known come as `unrecognised`.
    /// - Throws: `CancellationError`.
    public func control(of worker: WorkerID) async throws -> EventStream<ControlMessage> {
        EventStream(
            subscription: try await subscriber.subscribe(
                to: [keys.controlChannel, keys.controlChannel(worker)], buffering: .complete(1024)),
            read: { try? JSONText.decode(ControlMessage.self, from: Data($0)) })
    }

    private static func bytes(of speaker: UUID?) -> [UInt8] { speaker.map { Array(UUIDText.text($0).utf8) } ?? [] }

    private func publish(_ payload: [UInt8], on channel: String) async throws -> Int {
        let reply = try await client.send(RedisCommand("PUBLISH", .text(channel), .bytes(payload)))
        guard let heard = reply.integer else { throw RedisReply.unexpected("PUBLISH") }
        return heard
    }
}
