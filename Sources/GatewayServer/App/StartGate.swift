import Hummingbird
import HummingbirdCore
import ServiceLifecycle
import StudioCore
import Synchronization

/// Opens once, when everything a request or a service needs is there.
final class StartGate: Sendable {
    private struct State {
        var isOpen = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Whether it is open.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Opens it, for good.
    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when it is open or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}

extension ReadinessCheck {
    /// Everything that has to happen once before requests are taken has happened.
    ///
    /// - Parameter gate: The gate that opens then.
    /// - Returns: The check.
    static func started(_ gate: StartGate) -> ReadinessCheck {
        ReadinessCheck(name: "start-up") { gate.isOpen ? .ready : .missing("the gateway is starting") }
    }
}

/// A service that begins when the gate opens, or ends where the process is asked to stop before.
struct AfterStart: Service {
    let gate: StartGate
    let service: any Service

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.gate.wait() }
        guard gate.isOpen else { return }
        try await service.run()
    }
}

/// Routes that answer `unavailable` with `Retry-After` until the gate opens: the tables may not be there yet.
struct GatedRoutes: RouteGroup {
    let gate: StartGate
    let groups: [any RouteGroup]

    private struct Middleware: RouterMiddleware {
        typealias Context = GatewayContext
        let gate: StartGate

        func handle(
            _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
        ) async throws -> Response {
            guard gate.isOpen else {
                throw StudioError(.unavailable, "the studio is starting; please try again", retryAfterSeconds: 1)
            }
            return try await next(request, context)
        }
    }

    /// Applies to the routes added from here on.
    func addRoutes(to router: Router<GatewayContext>) {
        router.add(middleware: Middleware(gate: gate))
        for group in groups { group.addRoutes(to: router) }
    }
}
