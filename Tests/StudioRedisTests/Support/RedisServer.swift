import Glibc
import Logging
import NIOPosix
import QueueProtocol
import StudioRedis
import StudioTestKit
import Synchronization
import Testing

/// A private redis-server on a Unix socket in a folder of its own; stopped and swept away with the closure.
final class RedisServer: Sendable {
    private let folder: TemporaryDirectory
    private let process = Mutex<ChildProcess?>(nil)

    /// A file in the server's folder.
    func path(_ name: String) -> String { folder.path(name) }

    var socket: String { folder.path("redis.sock") }
    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(endpoint: .unixSocket(path: socket))
        configuration.connectTimeout = .seconds(60)
        configuration.commandTimeout = .seconds(60)
        configuration.reconnectDelay = .milliseconds(5)
        configuration.maximumReconnectDelay = .milliseconds(50)
        return configuration
    }

    private init() throws { folder = try TemporaryDirectory("redis") }

    static func run<Result>(_ options: [String] = [], _ body: (RedisServer) async throws -> Result) async throws
        -> Result
    {
        let server = try RedisServer()
        do {
            try await server.start(options)
            let result = try await body(server)
            try await server.kill()
            return result
        } catch {
            try? await server.kill()
            throw error
        }
    }

    /// Starts the server and returns when it says that it accepts connections.
    func start(_ options: [String] = []) async throws {
        let process = try ChildProcess(
            "redis-server",
            [
                "--port", "0", "--unixsocket", socket, "--dir", folder.path, "--daemonize", "no", "--save", "",
                "--appendonly", "no", "--enable-debug-command", "yes",
            ] + options)
        self.process.withLock { $0 = process }
        try await process.line(containing: "accept connections")
    }

    /// SIGKILL, and waits until the process is gone.
    func kill() async throws {
        let running = process.withLock { process in
            defer { process = nil }
            return process
        }
        running?.send(SIGKILL)
        try await running?.exit()
    }

    /// Freezes the server: its socket stays open and nothing answers.
    func freeze() { signal(SIGSTOP) }

    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) { process.withLock { $0?.send(number) } }
}

let eventLoops = MultiThreadedEventLoopGroup.singleton

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension RedisServer {
    func connect() async throws -> RedisConnection { try await RedisConnection.connect(configuration, on: eventLoops) }

    /// Runs a client for as long as the closure.
    func withClient<Result: Sendable>(
        _ change: (inout RedisConfiguration) -> Void = { _ in },
        _ body: @Sendable (RedisClient) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration
        change(&configuration)
        let client = RedisClient(configuration: configuration, group: eventLoops, logger: silent)
        return try await running({ await client.run() }) {
            try await client.waitUntilConnected()
            return try await body(client)
        }
    }

    /// Runs a client and a subscriber for as long as the closure.
    func withBus<Result: Sendable>(
        _ body: @Sendable (RedisClient, RedisSubscriber) async throws -> Result
    ) async throws -> Result {
        try await withClient { client in
            let subscriber = RedisSubscriber(configuration: client.configuration, group: eventLoops, logger: silent)
            return try await running({ await subscriber.run() }) { try await body(client, subscriber) }
        }
    }

    /// Runs a client and a consumer of the queue `studio` for as long as the closure.
    func withConsumer<Result: Sendable>(
        _ body: @Sendable (RedisClient, TaskQueue, TaskConsumer) async throws -> Result
    ) async throws -> Result {
        try await withClient { client in
            let consumer = TaskConsumer(
                worker: WorkerID(), queues: ["studio"], client: client, keys: StudioKeys(), group: eventLoops,
                logger: silent)
            return try await running({ await consumer.run() }) {
                try await body(client, TaskQueue(client: client, keys: StudioKeys()), consumer)
            }
        }
    }
}

/// Runs a service beside a closure and cancels it, and waits for its end, when the closure is done.
func running<Result: Sendable>(
    _ service: @escaping @Sendable () async -> Void, _ body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await service() }
        let result: Result
        do {
            result = try await body()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
        return result
    }
}

/// Waits for a client to notice that the server is away.
func untilAway(_ client: RedisClient) async throws {
    while client.isConnected {
        try Task.checkCancellation()
        await Task.yield()
    }
}

func code(_ error: (any Error)?) -> RedisError.Code? { (error as? RedisError)?.code }
