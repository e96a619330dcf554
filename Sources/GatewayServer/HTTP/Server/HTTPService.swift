import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The listening server: accepts connections until it is told to stop, then lets what is under way finish.
///
/// On graceful shutdown it stops accepting, closes idle connections, closes WebSockets with 1012, ends event streams and
/// waits for the other requests for at most `grace`; then it cuts them off.
struct HTTPService: Service {
    /// Where to listen and what to take.
    struct Configuration: Sendable {
        /// The address; port 0 takes a free one.
        var address: BindAddress
        var limits = HTTPLimits()
        /// How long requests under way may take to finish at shutdown. Default 20 s.
        var grace: Duration = .seconds(20)
    }

    let configuration: Configuration
    let responder: GatewayResponder
    let gate: any UpgradeGate
    let logger: Logger
    /// Called once, with the port that is listened on (nil for a Unix socket).
    var onListening: @Sendable (Int?) async -> Void = { _ in }

    func run() async throws {
        let responder = responder
        let child = GatewayChannel(
            responder: { request, writer, channel in try await responder.serve(request, writer, channel: channel) },
            gate: gate, limits: configuration.limits)
        let connections = MaximumAvailableConnections(configuration.limits.connections)
        let server = child.server(
            configuration: ServerConfiguration(
                address: configuration.address, backlog: 1024, availableConnectionsDelegate: connections),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await server.run()
                return true
            }
            group.addTask { [configuration, logger] in
                try? await gracefulShutdown()
                guard !Task.isCancelled else { return false }
                try? await Task.sleep(for: configuration.grace)
                if !Task.isCancelled { logger.warning("server.grace-over") }
                return true
            }
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
        }
    }
}
