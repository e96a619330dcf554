import FoundationEssentials
import Glibc
import Logging
import NIOPosix
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis

/// What has to happen once before the gateway works, while `/healthz` and `/readyz` already answer: the LFS client is
/// looked for, the catalogue is read, PostgreSQL is waited for and brought up to date, half-made projects are finished.
/// Redis is not waited for: jobs are admitted without it.
struct StartUp: Service {
    let environment: StudioEnvironment
    /// The folders programs are looked for in.
    let searchPath: String
    let database: Database
    let redis: RedisClient
    let library: FunctionLibrary
    let projects: ProjectRecovery
    let gate: StartGate
    let logger: Logger

    func run() async throws {
        try await LFSClient.require(searchPath: searchPath, environment: environment, logger: logger)
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
        let preparation = Task {
            try await database.waitUntilReachable(logger)
            try await database.migrate(logger)
            try await projects.bringTogether()
        }
        do {
            try await withTaskCancellationOrGracefulShutdownHandler {
                try await preparation.value
            } onCancelOrGracefulShutdown: {
                preparation.cancel()
            }
        } catch is CancellationError {
            return
        }
        gate.open()
        logger.notice("the gateway is ready")
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

/// The `git-lfs` program, which people's own `git` needs in every project.
enum LFSClient {
    /// What to do where it is missing.
    static let guidance =
        "install it with 'apt-get install git-lfs' (Debian, Ubuntu), 'dnf install git-lfs' (Fedora) or 'brew install git-lfs' (macOS)"

    /// Looks for it; says how to install it where it is missing.
    ///
    /// - Throws: `StudioError` in production, which does not start without it.
    static func require(searchPath: String, environment: StudioEnvironment, logger: Logger) async throws {
        let isThere = try await NIOThreadPool.singleton.runIfActive {
            searchPath.split(separator: ":").contains { access("\($0)/git-lfs", X_OK) == 0 }
        }
        guard !isThere else { return }
        guard environment != .production else {
            throw StudioError(
                .unavailable, "git-lfs is not installed, and production does not start without it; \(guidance)")
        }
        logger.warning("git-lfs is not installed", metadata: ["advice": "\(guidance)"])
    }
}
