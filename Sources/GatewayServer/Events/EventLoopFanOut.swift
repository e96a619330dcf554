import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioPostgres

/// The sessions of one event loop, by the projects they have subscriptions in. A batch costs one hop to the loop, however
/// many sessions hear it; everything here happens on the loop.
final class EventLoopFanOut {
    let eventLoop: any EventLoop
    /// Everything up to here was delivered to the sessions that were there.
    private(set) var position = EventCursor(transaction: 0, id: 0)
    private let startWork: (ClientCommand, EventSessionHandle) -> Void
    private let watch: (ProjectID) -> Void
    private let unwatch: (ProjectID) -> Void
    private let noteEnd: (EventSessionEnd) -> Void
    private var sessions: [ObjectIdentifier: EventSession] = [:]
    private var byProject: [ProjectID: [ObjectIdentifier: EventSession]] = [:]
    /// Those that hear of all projects of a tenant.
    private var byTenant: [TenantID: [ObjectIdentifier: EventSession]] = [:]
    /// Sessions that have something to send, the next to be flushed first.
    private var due = CircularBuffer<EventSession>()
    private var isFlushing = false
    private var restsUntil = NIODeadline.uptimeNanoseconds(0)
    /// The last events that were put together, and their frames: what one session is sent most others are sent too.
    private var joint: (events: [OutgoingEvent], frames: ByteBuffer)?
    /// Sessions flushed before others on this event loop have their turn.
    private static let flushesInARow = 128
    private static let longestRest = TimeAmount.milliseconds(25)

    /// A fan-out.
    ///
    /// - Parameters:
    ///   - eventLoop: The loop all calls come from.
    ///   - work: Starts the work on a client's command.
    ///   - watch: Told when the first session of this loop takes an interest in a project.
    ///   - unwatch: Told when the last has lost it.
    ///   - ended: Told why a session was ended from this side.
    init(
        eventLoop: any EventLoop, work: @escaping (ClientCommand, EventSessionHandle) -> Void,
        watch: @escaping (ProjectID) -> Void, unwatch: @escaping (ProjectID) -> Void,
        ended: @escaping (EventSessionEnd) -> Void
    ) {
        self.eventLoop = eventLoop
        startWork = work
        self.watch = watch
        self.unwatch = unwatch
        noteEnd = ended
    }

    /// How many sessions there are.
    var count: Int { sessions.count }

    /// A client has connected.
    func open(_ session: EventSession) { sessions[ObjectIdentifier(session)] = session }

    /// A client has gone for good; its subscriptions are over.
    func close(_ session: EventSession) {
        session.end(nil)
        sessions[ObjectIdentifier(session)] = nil
    }

    func ended(_ reason: EventSessionEnd) { noteEnd(reason) }

    func work(_ command: ClientCommand, _ session: EventSessionHandle) { startWork(command, session) }

    func attach(_ session: EventSession, to project: ProjectID) {
        if byProject[project] == nil { watch(project) }
        byProject[project, default: [:]][ObjectIdentifier(session)] = session
    }

    func attach(_ session: EventSession, to tenant: TenantID) {
        byTenant[tenant, default: [:]][ObjectIdentifier(session)] = session
    }

    func detach(_ session: EventSession, from tenant: TenantID) {
        byTenant[tenant]?[ObjectIdentifier(session)] = nil
        if byTenant[tenant]?.isEmpty == true { byTenant[tenant] = nil }
    }

    func detach(_ session: EventSession, from projects: Set<ProjectID>) {
        for project in projects {
            guard byProject[project]?.removeValue(forKey: ObjectIdentifier(session)) != nil,
                byProject[project]?.isEmpty == true
            else { continue }
            byProject[project] = nil
            unwatch(project)
        }
    }

    func deliver(_ batch: EventBatch) {
        for (index, event) in batch.events.enumerated() {
            let listeners = byProject[event.project]
            let ofTenant = byTenant.isEmpty ? nil : byTenant[event.tenant]
            guard listeners != nil || ofTenant != nil, let outgoing = batch.outgoing(index) else { continue }
            if let listeners {
                for session in listeners.values where session.offer(outgoing) { owe(session) }
            }
            guard let ofTenant else { continue }
            // Those that hear of the project as well have been offered it.
            for (key, session) in ofTenant where listeners?[key] == nil && session.offer(outgoing) { owe(session) }
        }
        position = max(position, batch.position)
        beginFlushing()
    }

    func deliverProgress(_ event: OutgoingEvent) {
        guard let project = event.project, let listeners = byProject[project] else { return }
        for session in listeners.values where session.offerProgress(event) { owe(session) }
        beginFlushing()
    }

    /// The frames of several events in one buffer.
    func joined(_ events: [OutgoingEvent], bytes: Int) -> ByteBuffer {
        if let joint, joint.events.count == events.count, zip(joint.events, events).allSatisfy({ $0 === $1 }) {
            return joint.frames
        }
        var frames = ByteBuffer()
        frames.reserveCapacity(bytes)
        for event in events { frames.writeImmutableBuffer(event.frame) }
        joint = (events, frames)
        return frames
    }

    private func owe(_ session: EventSession) {
        guard !session.isDue else { return }
        session.isDue = true
        due.append(session)
    }

    /// Flushes what is due: after what this loop has to do already, further batches first of all, and not before it has had
    /// as much time for everything else as the last flush took. What comes meanwhile shares the next write: a flood of events
    /// costs fewer writes the faster it comes, and never more than half of the loop.
    private func beginFlushing() {
        guard !isFlushing, !due.isEmpty else { return }
        isFlushing = true
        let loop = eventLoop.assumeIsolated()
        if restsUntil > .now() {
            loop.scheduleTask(deadline: restsUntil) { [self] in flush(due.count, since: .now()) }
        } else {
            loop.execute { [self] in flush(due.count, since: .now()) }
        }
    }

    /// Flushes so many of those that are due, some at a time so that others on this loop have their turn.
    private func flush(_ count: Int, since start: NIODeadline) {
        let part = min(count, Self.flushesInARow)
        for _ in 0..<part {
            guard let session = due.popFirst() else { break }
            session.isDue = false
            session.flush()
        }
        guard count == part else {
            return eventLoop.assumeIsolated().execute { [self] in flush(count - part, since: start) }
        }
        joint = nil
        isFlushing = false
        restsUntil = .now() + min(.now() - start, Self.longestRest)
        beginFlushing()
    }

    func tick(now: Date) {
        for session in sessions.values { session.tick(now: now) }
    }

    func shutDown() {
        for session in sessions.values { session.end(.shutdown) }
    }
}
