public import NIOCore
import NIOPosix
import NIOSSL

/// One connection to a Redis server. Commands of many callers are pipelined in the order in which they come.
///
/// It does not come back: once closed, by ``close()``, by the server, or because a reply was late, every command under
/// way and every later one fails with the reason. ``RedisClient`` is the one that reconnects.
public final class RedisConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisChannelHandler>
    private let outbox: CommandOutbox

    private init(channel: any Channel, handler: NIOLoopBound<RedisChannelHandler>, outbox: CommandOutbox) {
        self.channel = channel
        self.handler = handler
        self.outbox = outbox
    }

    /// Connects, signs in, selects the database, and waits until the server answers PING, so that a server that is still
    /// loading its data counts as away.
    ///
    /// - Parameters:
    ///   - configuration: Where to.
    ///   - group: The event loops, one of which the connection lives on.
    /// - Returns: A connection that can be used.
    /// - Throws: `RedisError`: `unavailable` or `timeout` where there is no server or TLS with it fails,
    ///   `invalidConfiguration` where TLS lacks its files, `authentication` where it refuses the password or asks for one, `server` with prefix `LOADING` while it loads, `cancelled`.
    public static func connect(_ configuration: RedisConfiguration, on group: any EventLoopGroup) async throws
        -> RedisConnection
    {
        let outbox = CommandOutbox(
            maximumCommands: configuration.maximumCommandsInFlight, maximumBytes: configuration.maximumBytesInFlight)
        let connection = try await open(configuration, group, outbox)
        do {
            try await connection.greet(configuration)
            return connection
        } catch let error as RedisError where error.code == .timeout && configuration.tls != nil {
            await connection.close()
            // A server that waits for a line of text never answers the first words of TLS.
            throw RedisError(.timeout, "TLS with Redis did not begin in time; the port may be one without TLS")
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func open(
        _ configuration: RedisConfiguration, _ group: any EventLoopGroup, _ outbox: CommandOutbox
    ) async throws -> RedisConnection {
        let timeout = TimeAmount(configuration.commandTimeout)
        let replyBytes = configuration.maximumReplyBytes
        let protection = try await protection(configuration.tls)
        let name = configuration.endpoint.certifiedName
        let prepare: @Sendable (any Channel) -> EventLoopFuture<RedisConnection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                if let protection {
                    try channel.pipeline.syncOperations.addHandler(
                        try NIOSSLClientHandler(context: protection, serverHostname: name))
                }
                let handler = try RedisChannelHandler(outbox: outbox, timeout: timeout, maximumReplyBytes: replyBytes)
                try channel.pipeline.syncOperations.addHandler(handler)
                return RedisConnection(
                    channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), outbox: outbox)
            }
        }
        let bootstrap = ClientBootstrap(group: group).connectTimeout(TimeAmount(configuration.connectTimeout))
        do {
            switch configuration.endpoint {
            case .host(let name, let port):
                return try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: name, port: port, channelInitializer: prepare)
            case .unixSocket(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: prepare)
            }
        } catch {
            throw RedisError(.unavailable, "no connection to Redis at \(configuration.endpoint): \(error)")
        }
    }

    // Reading certificates is file work, for a thread that may block.
    private static func protection(_ tls: RedisTLS?) async throws -> NIOSSLContext? {
        guard let tls else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { try tls.context() }
    }

    private func greet(_ configuration: RedisConfiguration) async throws {
        if configuration.password != nil || configuration.username != nil {
            var command = RedisCommand("AUTH")
            if let username = configuration.username { command.append(.text(username)) }
            command.append(.text(configuration.password ?? ""))
            if case .error = try await pipeline([command])[0] {
                // The server's own words may repeat what it was sent.
                throw RedisError(.authentication, "Redis refuses the user name or password")
            }
        }
        if configuration.database != 0 { _ = try await send(RedisCommand("SELECT", .integer(configuration.database))) }
        _ = try await send(RedisCommand("PING"))
    }

    /// Whether the connection can still be used.
    public var isOpen: Bool { outbox.ended == nil }

    /// Why the connection ended; nil while it has not.
    public var ended: RedisError? { outbox.ended }

    /// Sends a command.
    ///
    /// - Parameter command: The command.
    /// - Returns: The reply, which is no error.
    /// - Throws: `RedisError` of any code but `invalidConfiguration`.
    public func send(_ command: RedisCommand) async throws -> RedisReply { try await pipeline([command])[0].get() }

    /// Sends commands together, with nothing of other callers between them; this is no transaction.
    ///
    /// - Parameter commands: The commands.
    /// - Returns: One reply for each; a command that the server refused has its `error` in its place.
    /// - Throws: `RedisError` where no replies came: any code but `server` and `invalidConfiguration`.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        let request = try RedisRequest(commands)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard request.wait(continuation) else { return }
                do throws(RedisError) {
                    try put(request)
                } catch {
                    request.settle(.failure(error))
                }
            }
        } onCancel: {
            request.settle(.failure(RedisError(.cancelled, "the caller stopped waiting for Redis")))
        }
    }

    /// Closes the connection and returns when it is closed; everything under way fails with `unavailable`.
    public func close() async {
        startClosing()
        await closed()
    }

    /// Begins to close the connection, without waiting for it.
    func startClosing() { channel.close(promise: nil) }

    /// Returns when the connection is closed, by whomever.
    func closed() async { _ = try? await channel.closeFuture.get() }

    /// Sends a command whose reply comes as a push.
    func post(_ command: RedisCommand) throws(RedisError) {
        try put(try RedisRequest([command], expectsReplies: false))
    }

    /// Hands every reply from now on to a function, on the event loop, in order.
    func listen(_ onPush: @escaping @Sendable (RedisReply) -> Void) async throws {
        try await channel.eventLoop.submit { [handler] in handler.value.listen(onPush) }.get()
    }

    private func put(_ request: RedisRequest) throws(RedisError) {
        guard try outbox.put(request) else { return }
        channel.eventLoop.execute { [handler] in handler.value.drain() }
    }
}

extension RedisConfiguration.Endpoint {
    /// The name that a certificate of the server is made out to; nil for addresses, which are compared as such.
    fileprivate var certifiedName: String? {
        guard case .host(let name, _) = self, (try? SocketAddress(ipAddress: name, port: 0)) == nil else { return nil }
        return name
    }
}
