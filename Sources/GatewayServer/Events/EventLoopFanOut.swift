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
        var touched: [ObjectIdentifier: EventSession] = [:]
        for (index, event) in batch.events.enumerated() {
            guard let listeners = byProject[event.project], let outgoing = batch.outgoing(index) else { continue }
            for (id, session) in listeners where session.offer(outgoing) { touched[id] = session }
        }
        position = max(position, batch.position)
        for session in touched.values { session.flush() }
    }

    func deliverProgress(_ event: OutgoingEvent) {
        guard let project = event.project, let listeners = byProject[project] else { return }
        for session in listeners.values where session.offerProgress(event) { session.flush() }
    }

    func tick(now: Date) {
        for session in sessions.values { session.tick(now: now) }
    }

    func shutDown() {
        for session in sessions.values { session.end(.shutdown) }
    }
}
