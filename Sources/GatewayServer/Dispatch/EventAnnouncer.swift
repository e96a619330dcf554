import FoundationEssentials
import Logging
import StudioRedis

/// Wakes all gateways after a commit that changed a state, so that their clients hear of it now and not at the next look.
struct EventAnnouncer: Sendable {
    private let bus: EventBus
    private let speaker: UUID
    private let wake: @Sendable () -> Void
    private let logger: Logger

    /// An announcer.
    ///
    /// - Parameters:
    ///   - bus: The way to the other gateways.
    ///   - speaker: This gateway, as its hub knows it: what ``announceAdmitted()`` says does not come back to it.
    ///   - wake: Wakes this one, without a way through Redis.
    ///   - logger: Where it tells of faults.
    init(bus: EventBus, speaker: UUID, wake: @escaping @Sendable () -> Void, logger: Logger) {
        self.bus = bus
        self.speaker = speaker
        self.wake = wake
        self.logger = logger
    }

    /// Announces. With Redis away nothing is lost: gateways also look by themselves.
    func announce() async { await announce(from: nil) }

    /// Announces jobs that this gateway has just admitted, and dispatches itself: the way back through Redis would make it
    /// look twice for what it knows.
    func announceAdmitted() async { await announce(from: speaker) }

    private func announce(from speaker: UUID?) async {
        wake()
        do {
            try await bus.announceEvents(from: speaker)
        } catch {
            logger.debug("new events could not be announced", error: error)
        }
    }
}
