import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem
import StudioTransfer
import Synchronization

/// One container with a model that stays loaded.
final class WarmContainer: Sendable {
    /// The label by which they are found; its value is the name of the container's folder.
    static let label = "studio.warm"
    /// What their names begin with.
    static let prefix = "studio-warm-"
    /// How long a server that was ready has to be so again.
    static let patience = Duration.seconds(10)
    /// The time between two looks at a server.
    static let interval = Duration.milliseconds(200)

    /// Its number among those of the worker.
    let member: Int
    /// Its name, and its folder's.
    let name: String
    let box: WarmBox
    private let host: ContainerHost
    private let log = LogRing()
    private let listening = Mutex<Task<Void, Never>?>(nil)
    private let connection = Mutex<(descriptor: CInt, server: CogServer)?>(nil)

    /// - Parameters:
    ///   - member: Its number among those of the worker.
    ///   - host: What all containers of the worker share.
    ///   - folder: The folder of the worker's boxes.
    init(_ member: Int, host: ContainerHost, folder: String) {
        self.member = member
        self.host = host
        name = "\(Self.prefix)\(UUID().uuidString.lowercased())"
        box = WarmBox(path: "\(folder)/\(name)")
    }

    deinit {
        listening.withLock { $0?.cancel() }
        connection.withLock { if let held = $0 { close(held.descriptor) } }
    }

    /// Its last lines; nil where it wrote none.
    var tail: String? {
        let lines = log.lines.suffix(LogBuffer.tailLines)
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// Makes and starts it; its model is not loaded then.
    ///
    /// - Parameters:
    ///   - order: What it is to be.
    ///   - gpus: The numbers of its GPUs.
    /// - Throws: `JobFailure`, `EngineError`.
    func start(_ order: WarmOrder, gpus: Set<Int>) async throws {
        let (box, host) = (box, host)
        let mounts = try await Blocking.run { try box.make(for: host.user, models: order.models) }
        let paths = try await host.paths()
        var spec = host.spec(for: order.function, order.container, image: order.image, labels: [Self.label: name])
        spec.mounts = mounts.map { mount in
            ContainerSpec.Mount(source: paths.path(mount.source), target: mount.target, isReadOnly: mount.isReadOnly)
        }
        let own = order.container.command.isEmpty ? order.image.command : order.container.command
        guard !own.isEmpty else {
            throw JobFailure(
                .runnerFailed, "The image \(order.container.image) has no command that would serve its model.",
                retryable: false)
        }
        spec.command = CogRelay.command(own, outputBytes: Int64(order.container.outputMegabytes) << 20)
        spec.environment.merge(CogRelay.environment) { $1 }
        spec.gpus = 0
        spec.gpuNumbers = gpus.sorted()
        _ = try await host.engine.create(spec, name: name)
        await listen()
        try await host.engine.start(name)
    }

    /// Hears what it writes, which is kept nowhere else.
    private func listen() async {
        let (begun, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let task = Task { [host, name, log] in
            try? await host.engine.attach(
                to: name, begun: { continuation.yield() }, receive: { log.take($0, $1) })
            continuation.finish()
        }
        listening.withLock { $0 = task }
        for await _ in begun { break }
    }

    /// Its server; nil while the relay does not listen.
    private func server() async throws -> CogServer? {
        if let known = connection.withLock({ $0?.server }) { return known }
        let opened = try await Blocking.run { [box] in box.socket()?.release() }
        guard let opened else { return nil }
        // The socket is reached by its descriptor: its name is the container's to change, and may be too long.
        let server = CogServer(HTTPClient(.unixSocket("/proc/self/fd/\(opened)")), address: CogRelay.address)
        connection.withLock { $0 = (opened, server) }
        return server
    }

    /// Waits until the model is loaded.
    ///
    /// - Parameter limit: How long that may take.
    /// - Returns: The server, and what was written while it loaded.
    /// - Throws: `JobFailure`, `EngineError`, `CancellationError`.
    func loaded(within limit: Duration) async throws -> (server: CogServer, health: CogHealth) {
        let end = ContinuousClock.now.advanced(by: limit)
        while true {
            if let server = try await server(), let health = try await server.health() {
                switch health.status {
                case .ready, .busy: return (server, health)
                case .setupFailed: throw setupFailed(health)
                case .defunct: throw await lost("The model's server says that it cannot go on.")
                case .starting, .unhealthy, .unknown: break
                }
            }
            let state = try await host.engine.inspect(name)
            guard state.isRunning else {
                throw await lost("The model's container ended with exit code \(state.exitCode) while it loaded.")
            }
            guard ContinuousClock.now < end else {
                throw failure(
                    .runnerTimeout, "The model was not loaded within the \(limit.components.seconds) s that it has.")
            }
            try await ContinuousClock().sleep(for: Self.interval)
        }
    }

    /// Waits until it can take a prediction, which it could before.
    ///
    /// - Returns: The server; nil where it cannot be used any more.
    /// - Throws: `CancellationError`.
    func ready() async throws -> CogServer? {
        guard let server = try await server() else { return nil }
        let end = ContinuousClock.now.advanced(by: Self.patience)
        while true {
            guard let health = try await server.health() else { return nil }
            switch health.status {
            case .ready: return server
            case .setupFailed, .defunct: return nil
            // Works on what was cancelled, or has not recovered yet.
            case .busy, .unhealthy, .starting, .unknown: break
            }
            guard ContinuousClock.now < end else { return nil }
            try await ContinuousClock().sleep(for: Self.interval)
        }
    }

    /// What its loss means; it is killed, since an engine says only of one that has ended whether memory was short.
    func lost(_ sentence: String) async -> JobFailure {
        let state = await Task { [host, name] in
            try? await host.engine.kill(name, "SIGKILL")
            try? await host.engine.wait(for: name)
            return try? await host.engine.ended(name)
        }.value
        if state?.wasOutOfMemory == true {
            return failure(.outOfMemory, "The model needed more memory than its container may have.")
        }
        return failure(.runnerFailed, sentence)
    }

    private func setupFailed(_ health: CogHealth) -> JobFailure {
        let last = health.setupLog.split(whereSeparator: \.isNewline).last ?? "it does not say why"
        var failed = failure(.runnerFailed, "The model could not be loaded: \(last.prefix(600))")
        failed.retryable = false
        return failed
    }

    private func failure(_ code: FailureCode, _ message: String) -> JobFailure {
        var failure = JobFailure(code, message, logTail: tail)
        // A model that fails in its own image is no reason to take functions from this worker.
        failure.isElsewhere = true
        return failure
    }

    /// Ends and removes it, with its folder.
    func end() async {
        // A server that has work would see it through; whatever it does, nobody waits for it.
        await host.end(name, gently: false)
        listening.withLock { $0?.cancel() }
        try? await Blocking.run { [box] in box.remove() }
    }
}
