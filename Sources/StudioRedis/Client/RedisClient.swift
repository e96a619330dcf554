public import Logging
public import NIOCore
import Synchronization

/// The long-lived way to a Redis server: one connection that all callers share and that comes back by itself.
///
/// ``run()`` does the connecting and must run for as long as the client is used. While the server is away commands fail
/// at once with `unavailable` (or `authentication`, where that is the reason) and are not kept: the caller knows whether
/// trying again makes sense. A command that was under way when the connection was lost may or may not have been done.
public final class RedisClient: Sendable {
    private enum State {
        case away(RedisError)
        case connected(RedisConnection)
        case stopped
    }

    /// Where the client connects to.
    public let configuration: RedisConfiguration
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(State.away(RedisError(.unavailable, "Redis is not connected yet")))
    private let connected = Gate()

    /// A client, not yet connecting.
    ///
    /// - Parameters:
    ///   - configuration: Where to connect to.
    ///   - group: The event loops to connect on.
    ///   - clock: What the pauses between attempts are measured with; default the continuous clock.
    ///   - logger: Where coming and going is told.
    public init(
        configuration: RedisConfiguration, group: any EventLoopGroup, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.group = group
        self.clock = clock
        self.logger = logger
    }

    /// Keeps the client connected until the task is cancelled; then closes the connection and returns. To be called once.
    public func run() async {
        let link = ReconnectingLink(configuration: configuration, group: group, clock: clock, logger: logger)
        await link.run { [self] connection in
            change(to: .connected(connection))
        } onAway: { [self] error in
            change(to: .away(error))
        }
        change(to: .stopped)
    }

    /// Whether the server can be asked right now.
    public var isConnected: Bool { state.withLock { if case .connected(let one) = $0 { one.isOpen } else { false } } }

    /// Returns when the server is there.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before.
    public func waitUntilConnected() async throws {
        noticeLoss()
        await connected.wait()
        try Task.checkCancellation()
    }

    /// Sends a command.
    ///
    /// - Parameter command: The command; none that blocks, it would hold up all other callers.
    /// - Returns: The reply, which is no error.
    /// - Throws: `RedisError` of any code but `invalidConfiguration`.
    public func send(_ command: RedisCommand) async throws -> RedisReply { try await connection().send(command) }

    /// Sends commands together; this is no transaction.
    ///
    /// - Parameter commands: The commands.
    /// - Returns: One reply for each; a command that the server refused has its `error` in its place.
    /// - Throws: `RedisError` where no replies came.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [RedisReply] {
        try await connection().pipeline(commands)
    }

    /// Runs a script by its digest; a server that does not know it, for it was restarted, is sent it again.
    ///
    /// - Parameters:
    ///   - script: The script.
    ///   - keys: The keys it touches.
    ///   - arguments: Its other arguments.
    /// - Returns: What the script returns.
    /// - Throws: `RedisError`, also for an error that the script raises.
    public func run(_ script: RedisScript, keys: [String], arguments: [RedisArgument] = []) async throws -> RedisReply {
        func command(_ name: String, _ text: String) -> RedisCommand {
            RedisCommand(
                name, arguments: [.text(text), .integer(keys.count)] + keys.map(RedisArgument.text) + arguments)
        }
        let connection = try connection()
        if let digest = script.knownDigest {
            do {
                return try await connection.send(command("EVALSHA", digest))
            } catch let error as RedisError where error.code == .server(prefix: "NOSCRIPT") {
                return try await connection.send(command("EVAL", script.source))
            }
        }
        script.knownDigest = try await connection.send(RedisCommand("SCRIPT", "LOAD", .text(script.source))).text
        return try await connection.send(command("EVAL", script.source))
    }

    // The gate is moved under the state's lock, so that the two never disagree.
    private func change(to new: State) {
        state.withLock {
            $0 = new
            if case .connected = new { connected.open() } else { connected.close() }
        }
    }

    // A connection that has ended may be known here before `run()` has come to take it away.
    private func noticeLoss() {
        state.withLock {
            guard case .connected(let connection) = $0, let ended = connection.ended else { return }
            $0 = .away(ended)
            connected.close()
        }
    }

    private func connection() throws -> RedisConnection {
        try state.withLock {
            switch $0 {
            case .connected(let connection): return connection
            case .away(let error): throw error
            case .stopped: throw RedisError(.unavailable, "the Redis client has been stopped")
            }
        }
    }
}
