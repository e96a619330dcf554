import Logging
import StudioRedis

/// Wakes all gateways after a commit that changed a state, so that their clients hear of it now and not at the next look.
struct EventAnnouncer: Sendable {
    private let bus: EventBus
    private let wake: @Sendable () -> Void
    private let logger: Logger

    /// An announcer.
    ///
    /// - Parameters:
    ///   - bus: The way to the other gateways.
    ///   - wake: Wakes this one, without a way through Redis.
    ///   - logger: Where it tells of faults.
    init(bus: EventBus, wake: @escaping @Sendable () -> Void, logger: Logger) {
        self.bus = bus
        self.wake = wake
        self.logger = logger
    }

    /// Announces. With Redis away nothing is lost: gateways also look by themselves.
    func announce() async {
        wake()
        do {
            try await bus.announceEvents()
        } catch {
            logger.debug("new events could not be announced", error: error)
        }
    }
}
