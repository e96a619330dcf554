import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import StudioCore

/// Stands between workers and the socket of a container engine, which is as good as root on its machine, and lets through
/// what runners need: `docs/adr/0019-engine-gate.md`.
struct EngineGate: Service {
    /// Where the engine is.
    let engine: EngineAddress
    let settings: StudioConfiguration.EngineGate
    let logger: Logger
    /// How many connections there may be at a time; the next is closed at once.
    var mostConnections = 512
    /// Told where it listens, once it does.
    var onListening: @Sendable (SocketAddress?) -> Void = { _ in }

    /// Serves until it is told to stop.
    ///
    /// - Throws: What the system says where it cannot listen; ``EngineError`` for an address that it does not serve.
    func run() async throws {
        if case .tls = engine {
            throw EngineError(.strange, "the gate stands beside its engine: DOCKER_HOST must be without TLS")
        }
        if case .tls = settings.listen { throw EngineError(.strange, "the gate listens without TLS") }
        do {
            try await cancelWhenGracefulShutdown { try await serve() }
        } catch is CancellationError {
            return
        }
    }

    private func serve() async throws {
        let client = ContainerEngine(engine)
        let folders = try await folders(client)
        let keeper = GateKeeper(engine: client, folders: folders, logger: logger)
        let connection = GateConnection(
            keeper: keeper, upstream: GateUpstream(address: engine, engine: client), logger: logger)
        let server = try await listen()
        logger.notice(
            "engine gate open",
            metadata: ["address": "\(server.channel.localAddress.map { "\($0)" } ?? "")", "folders": "\(folders.text)"])
        onListening(server.channel.localAddress)
        let count = Mutexed(0)
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await one in connections {
                    let isAdmitted = count.with { count in
                        guard count < mostConnections else { return false }
                        count += 1
                        return true
                    }
                    guard isAdmitted else {
                        logger.warning("more than \(mostConnections) connections; one is closed")
                        // By this alone: the process ends where one is let go that was never taken in.
                        group.addTask { try? await one.executeThenClose { _, _ in } }
                        continue
                    }
                    group.addTask {
                        await connection.serve(one)
                        count.with { $0 -= 1 }
                    }
                }
            }
        }
    }

    /// What containers may mount; waits for the engine, which knows what the gate's own container mounts.
    private func folders(_ client: ContainerEngine) async throws -> GateFolders {
        var isTold = false
        while true {
            do throws(EngineError) {
                let found = try await GateFolders.find(by: client, at: engine, named: settings.folders)
                let unseen = found.folders.filter { $0.here == nil }.map(\.there)
                if found.folders.isEmpty {
                    logger.warning(
                        "containers may mount nothing",
                        metadata: ["advice": "mount the workspace into the gate, or set ENGINE_GATE_FOLDERS"])
                }
                if !unseen.isEmpty {
                    logger.warning(
                        "symbolic links in these folders cannot be looked for",
                        metadata: [
                            "folders": "\(unseen.joined(separator: ", "))", "advice": "mount them into the gate",
                        ])
                }
                return found
            } catch {
                if !isTold {
                    logger.notice(
                        "waiting for the engine",
                        metadata: [
                            "reason": "\(error.message)",
                            "advice": "is its socket where DOCKER_HOST says, and may this user or its group open it?",
                        ])
                }
                isTold = true
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private typealias Server = NIOAsyncChannel<GateConnection.Client, Never>

    private func listen() async throws -> Server {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        let prepare: @Sendable (any Channel) -> EventLoopFuture<GateConnection.Client> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.configureHTTPServerPipeline(
                    withPipeliningAssistance: false, withErrorHandling: true)
                try pipeline.addHandler(OneRequest())
                return try GateConnection.Client(wrappingChannelSynchronously: channel)
            }
        }
        switch settings.listen {
        case .unixSocket(let path):
            let server = try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: prepare)
            // Whoever is in the folder's group reaches it, and nobody else.
            chmod(path, 0o660)
            return server
        case .tcp(let authority), .tls(let authority, _):
            let (host, port) = try GateUpstream.parts(of: authority)
            return try await bootstrap.bind(host: host, port: port, childChannelInitializer: prepare)
        }
    }
}
