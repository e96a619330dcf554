import FoundationEssentials
import Logging
import StudioCore
import StudioSystem

/// The containers of a worker whose models stay loaded while they are in demand.
///
/// Each revision of a function has one, which makes one prediction at a time; who asks for it meanwhile waits in line. One
/// that waits for work longer than its function says is stopped, and those used least lately go first where memory or GPUs
/// are short.
actor WarmContainers {
    /// What all of them may use.
    struct Bounds: Sendable, Hashable {
        /// The memory that they may have together, in MiB.
        var megabytes: Int
        /// How many GPUs there are for them.
        var gpus = 0
    }

    /// The time between two looks for those that wait too long for work.
    private static let interval = Duration.seconds(1)

    private let host: ContainerHost
    private let folder: String
    private let bounds: Bounds
    private let onChange: @Sendable (Set<String>) -> Void
    private let logger: Logger
    private let start = ContinuousClock.now

    private var shelf: WarmShelf<WarmRevision>
    private var waiters: [Int: CheckedContinuation<Place, any Error>] = [:]
    private var containers: [Int: WarmContainer] = [:]
    private var names: [Int: Set<String>] = [:]
    private var endings: [Int: Task<Void, Never>] = [:]
    private var told: Set<String> = []
    private var isClosed = false

    /// What somebody who asked gets.
    private enum Place: Sendable {
        case warm(Int)
        case new(Int)
    }

    /// - Parameters:
    ///   - host: What all containers of the worker share.
    ///   - folder: The absolute path of a folder that the engine sees, for what each shares with the worker.
    ///   - bounds: What all of them may use.
    ///   - logger: For what happens.
    ///   - onChange: Told the names of the functions whose models are loaded, whenever these change.
    init(
        host: ContainerHost, folder: String, bounds: Bounds, logger: Logger,
        onChange: @escaping @Sendable (Set<String>) -> Void = { _ in }
    ) {
        self.host = host
        self.folder = folder
        self.bounds = bounds
        self.logger = logger
        self.onChange = onChange
        shelf = WarmShelf(megabytes: bounds.megabytes, gpus: bounds.gpus)
    }

    /// The names of the functions whose models are loaded.
    var warmFunctions: Set<String> {
        Set(
            names.filter { number, _ in
                switch shelf.members[number]?.state {
                case .leased, .idle: true
                case .starting, .stopping, nil: false
                }
            }.flatMap(\.value))
    }

    /// Whether a container of that name is one of them, from before it is made until it is gone.
    func have(_ name: String) -> Bool { containers.values.contains { $0.name == name } }

    /// Waits for a container, and starts it where there is none.
    ///
    /// - Parameters:
    ///   - order: What is asked for.
    ///   - waits: Told what is waited for, in a few words.
    /// - Returns: A container that nobody else uses until it is given back or thrown away, with its model loaded.
    /// - Throws: `JobFailure`, `EngineError`, `CancellationError`.
    func lease(_ order: WarmOrder, waits: @Sendable (String) -> Void) async throws -> WarmContainer {
        let need = WarmShelf<WarmRevision>.Need(
            megabytes: order.function.resources.memoryMegabytes, gpus: order.function.resources.gpus)
        guard shelf.mayHold(need) else { throw tooLarge(need) }
        while true {
            waits("waiting for the model")
            switch try await place(for: order, need) {
            case .warm(let number):
                guard let container = containers[number] else { continue }
                names[number]?.insert(order.function.name)
                tell()
                do {
                    if try await container.ready() != nil { return container }
                } catch {
                    // It was not even asked.
                    giveBack(container)
                    throw error
                }
                logger.warning("a warm container is replaced, its server does not answer", metadata: described(order))
                await discard(container)
            case .new(let number):
                waits("loading the model")
                return try await started(number, order)
            }
        }
    }

    private func place(for order: WarmOrder, _ need: WarmShelf<WarmRevision>.Need) async throws -> Place {
        guard !isClosed else { throw CancellationError() }
        try Task.checkCancellation()
        let waiter = shelf.ask(order.revision, need: need, patience: .seconds(order.container.idleSeconds))
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiters[waiter] = continuation
                advance()
            }
        } onCancel: {
            Task { await self.withdraw(waiter) }
        }
    }

    private func withdraw(_ waiter: Int) {
        // Who got something in this very moment finds out alone that nobody wants it.
        guard let continuation = waiters.removeValue(forKey: waiter) else { return }
        shelf.withdraw(waiter)
        continuation.resume(throwing: CancellationError())
        advance()
    }

    private func started(_ number: Int, _ order: WarmOrder) async throws -> WarmContainer {
        let container = WarmContainer(number, host: host, folder: folder)
        containers[number] = container
        names[number] = [order.function.name]
        let gpus = shelf.members[number]?.gpus ?? []
        do {
            // Not part of what is cancelled: what was made must be known, so that it can be removed.
            try await Task { try await container.start(order, gpus: gpus) }.value
            let loaded = try await container.loaded(within: .seconds(order.container.setupSeconds))
            shelf.started(number)
            logger.info(
                "model loaded",
                metadata: described(order).merging(["server": "\(loaded.health.version ?? "")"]) { $1 })
            tell()
            return container
        } catch {
            await discard(container)
            throw error
        }
    }

    /// A container can be used by the next.
    func giveBack(_ container: WarmContainer) {
        shelf.giveBack(container.member, at: ContinuousClock.now - start)
        advance()
    }

    /// A container whose prediction was cancelled: it is used again where it obeys in time.
    ///
    /// Returns at once; what has to be done goes on.
    func settle(_ container: WarmContainer, cancelled id: String) {
        let member = container.member
        endings[member] = Task {
            let server = try? await container.ready()
            if server != nil {
                try? await Blocking.run { [box = container.box] in box.empty() }
                endings[member] = nil
                giveBack(container)
            } else {
                logger.warning("a warm container is replaced, its model does not obey a cancel")
                await end(member)
            }
        }
    }

    /// A container that is of no use any more is ended. Returns when it is gone.
    func discard(_ container: WarmContainer) async { await end(container.member) }

    /// Stops containers that wait for work too long, until the task is cancelled.
    func run() async {
        while (try? await ContinuousClock().sleep(for: Self.interval)) != nil { advance() }
    }

    /// Ends all of them; none is given out any more.
    func stopAll() async {
        isClosed = true
        for (waiter, continuation) in waiters {
            shelf.withdraw(waiter)
            continuation.resume(throwing: CancellationError())
        }
        waiters = [:]
        await withTaskGroup(of: Void.self) { group in
            for member in containers.keys { group.addTask { await self.end(member) } }
        }
    }

    private func end(_ member: Int) async {
        guard let container = containers[member] else { return }
        shelf.stopping(member)
        tell()
        await Task { await container.end() }.value
        containers[member] = nil
        names[member] = nil
        endings[member] = nil
        shelf.gone(member)
        advance()
    }

    private func advance() {
        for step in shelf.steps(at: ContinuousClock.now - start) {
            switch step {
            case .give(let member, let waiter):
                waiters.removeValue(forKey: waiter)?.resume(returning: .warm(member))
            case .start(let member, let waiter):
                waiters.removeValue(forKey: waiter)?.resume(returning: .new(member))
            case .stop(let member):
                logger.info(
                    "a warm container is stopped",
                    metadata: [LogKey.function: "\(names[member, default: []].sorted().joined(separator: ","))"])
                endings[member] = Task { await end(member) }
            }
        }
        tell()
    }

    private func tell() {
        let now = warmFunctions
        guard now != told else { return }
        told = now
        onChange(now)
    }

    private func described(_ order: WarmOrder) -> Logger.Metadata {
        [LogKey.function: "\(order.function.name)", "image": "\(order.container.image)"]
    }

    private func tooLarge(_ need: WarmShelf<WarmRevision>.Need) -> JobFailure {
        JobFailure(
            .runnerUnknown,
            need.gpus > bounds.gpus
                ? "The function needs \(need.gpus) GPUs, and this worker has \(bounds.gpus) for containers."
                : "The function needs \(need.megabytes) MiB, and this worker's containers may have \(bounds.megabytes)."
        )
    }
}
