import Logging
import NIOPosix
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// What has to happen once before the gateway works, while `/healthz` and `/readyz` already answer: the LFS client is
/// looked for, the catalogue is read, PostgreSQL is waited for and brought up to date, half-made projects are finished.
/// Redis is not waited for: jobs are admitted without it.
struct StartUp: Service {
    let environment: StudioEnvironment
    /// The folders programs are looked for in.
    let searchPath: String
    /// Where people's git works.
    let gitClient: GitClientPlace
    let database: Database
    let redis: RedisClient
    let library: FunctionLibrary
    let projects: ProjectRecovery
    let gate: StartGate
    let logger: Logger

    func run() async throws {
        try await NIOThreadPool.singleton.runIfActive { [searchPath, environment, gitClient, logger] in
            try LFSClient.require(
                searchPath: searchPath, environment: environment, place: gitClient, logger: logger)
        }
        try await library.reload()
        let redisWatch = Task { try await tellOfRedis() }
        defer { redisWatch.cancel() }
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await prepare()
        } onCancelOrGracefulShutdown: {
            redisWatch.cancel()
        }
        try await gracefulShutdown()
    }

    private func prepare() async throws {
        let preparation = Task { try await makeReady() }
        do {
            try await withTaskCancellationOrGracefulShutdownHandler {
                try await preparation.value
            } onCancelOrGracefulShutdown: {
                preparation.cancel()
            }
        } catch _ where preparation.isCancelled {
            // Whatever was under way says in words of its own that it was broken off.
            return
        }
        gate.open()
        logger.notice("the gateway is ready")
    }

    /// Waits for PostgreSQL and brings it and the projects up to date; where it goes away in the middle, all over again.
    private func makeReady() async throws {
        while true {
            try await database.waitUntilReachable(logger)
            do {
                try await database.migrate(logger)
                try await projects.bringTogether()
                return
            } catch let error as PostgresError where [.unavailable, .commitUnknown].contains(error.code) {
                logger.warning("PostgreSQL was lost while the gateway started; it is waited for again", error: error)
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func tellOfRedis() async throws {
        guard !redis.isConnected else { return }
        try await Task.sleep(for: .seconds(1))
        guard !redis.isConnected else { return }
        logger.notice("waiting for Redis; jobs are admitted and wait in PostgreSQL")
        try await redis.waitUntilConnected()
        logger.notice("Redis is there")
    }
}
