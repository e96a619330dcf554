import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// One client's subscriptions and what it has still to be told, bound to the client's event loop.
///
/// An event reaches a session once, however many of its subscriptions match. A subscription covers everything after the
/// cursor it began at: first a replay from PostgreSQL, then what the fan-out brings, held back until the replay is through.
final class EventSession {
    private enum Phase {
        /// Older events are being read; newer ones will be read too.
        case replaying
        /// The last older events are being read; what the fan-out brings waits here.
        case holding([OutgoingEvent])
        /// Events after this one come from the fan-out.
        case live(after: EventCursor)
    }

    private struct Subscription {
        let project: ProjectID
        var coveredFrom: EventCursor
        var phase: Phase
    }

    /// Commands that may wait for the one being worked on.
    static let commandLimit = 64
    /// Topics one client may be subscribed to at a time.
    static let subscriptionLimit = 1000
    /// Bytes of frames that are enough for one write.
    static let writeBytes = 32 * 1024
    /// Ticks of a second between pings, and until a silent client is given up.
    static let (pingTicks, silentTicks) = (20, 60)

    let caller: Caller
    let eventLoop: any EventLoop
    unowned let fanOut: EventLoopFanOut
    private weak var output: (any EventSessionOutput)?
    private var subscriptions = ScopeTable<Subscription>()
    /// Everything of the tenant after this is told; nil where it was not asked for.
    var tenantFrom: EventCursor?
    /// Whether the fan-out has it on its list of those that are to be flushed.
    var isDue = false
    private var queue = OutgoingQueue()
    private var commands = CircularBuffer<ClientCommand>()
    private var isWorking = false
    private var ticksSinceHeard = 0
    private var ticksSincePing = 0
    private var drained: EventLoopPromise<Void>?
    private(set) var isOver = false

    init(caller: Caller, fanOut: EventLoopFanOut, output: any EventSessionOutput) {
        self.caller = caller
        self.fanOut = fanOut
        self.output = output
        eventLoop = fanOut.eventLoop
    }

    // MARK: What the client does

    /// Something came from the client: it is alive.
    func heard() { ticksSinceHeard = 0 }

    /// A command, worked on after those before it.
    func submit(_ command: ClientCommand) {
        guard !isOver else { return }
        guard commands.count < Self.commandLimit else { return end(.tooManyCommands) }
        commands.append(command)
        workOn()
    }

    /// An answer to this client alone.
    func answer(_ message: some Encodable, kind: String) {
        guard !isOver, let event = try? OutgoingEvent(answer: message, kind: kind) else { return }
        enqueue(event)
        output?.sessionHasOutput()
    }

    /// Tells the client of something it asked for that cannot be done.
    func refuse(code: String, detail: String) {
        answer(QueueProtocol.StudioEvent.error(ErrorNotice(code: code, detail: detail)), kind: "error")
    }

    /// What to send next; nil when there is nothing.
    func next() -> OutgoingEvent? {
        let event = queue.next()
        tellDrained()
        return event
    }

    /// The WebSocket frames of what to send next, as many as make one write; nil when there is nothing.
    func nextFrames() -> ByteBuffer? {
        guard let first = queue.next() else { return nil }
        defer { tellDrained() }
        guard !queue.isEmpty else { return first.frame }
        var events = [first]
        var bytes = first.frame.readableBytes
        while bytes < Self.writeBytes, let event = queue.next() {
            events.append(event)
            bytes += event.frame.readableBytes
        }
        return fanOut.joined(events, bytes: bytes)
    }

    private func tellDrained() {
        guard let waiting = drained, queue.durableCount < OutgoingQueue.durableLimit / 8 else { return }
        drained = nil
        waiting.succeed()
    }

    /// The connection is gone, or ends for this reason. Nothing is delivered after this.
    func end(_ reason: EventSessionEnd?) {
        guard !isOver else { return }
        isOver = true
        fanOut.detach(self, from: Set(subscriptions.values.map(\.project)))
        endTenant()
        subscriptions = ScopeTable()
        commands.removeAll()
        drained?.fail(ChannelError.alreadyClosed)
        drained = nil
        guard let reason else { return }
        fanOut.ended(reason)
        output?.sessionEnded(reason)
    }

    /// A second has passed.
    func tick(now: Date) {
        ticksSinceHeard += 1
        ticksSincePing += 1
        if now >= caller.tokenExpiresAt { return end(.tokenExpired) }
        if ticksSinceHeard >= Self.silentTicks { return end(.silent) }
        if ticksSincePing >= Self.pingTicks {
            ticksSincePing = 0
            output?.sessionShouldPing()
        }
    }

    private func workOn() {
        guard !isWorking, !isOver, let command = commands.popFirst() else { return }
        isWorking = true
        fanOut.work(command, EventSessionHandle(self))
    }

    // MARK: What the fan-out brings

    /// A durable event of a project this session has a subscription in; true where it is to be sent now.
    func offer(_ event: OutgoingEvent) -> Bool {
        guard let project = event.project, let cursor = event.cursor else { return false }
        if let tenantFrom, cursor > tenantFrom { return enqueue(event) }
        var holding: EventScope?
        func brings(_ scope: EventScope) -> Bool {
            switch subscriptions[scope]?.phase {
            case .live(let after): return cursor > after
            case .holding: holding = scope
            default: break
            }
            return false
        }
        if brings(.project(project)) { return enqueue(event) }
        if let job = event.job, brings(.job(job)) { return enqueue(event) }
        if let holding, case .holding(var held) = subscriptions[holding]?.phase {
            // Emptied first, so that appending does not copy.
            subscriptions[holding]?.phase = .replaying
            held.append(event)
            subscriptions[holding]?.phase = .holding(held)
            if held.count > OutgoingQueue.durableLimit { end(.tooSlow) }
        }
        return false
    }

    /// Progress of a job of a project this session has a subscription in; true where it is to be sent.
    func offerProgress(_ event: OutgoingEvent) -> Bool {
        guard !isOver, let project = event.project, let job = event.job,
            subscriptions[.project(project)] != nil || subscriptions[.job(job)] != nil
        else { return false }
        queue.update(event)
        return true
    }

    /// Something was offered: send what can be sent.
    func flush() {
        if !isOver { output?.sessionHasOutput() }
    }

    @discardableResult
    private func enqueue(_ event: OutgoingEvent) -> Bool {
        guard !isOver else { return false }
        if queue.append(event) { return true }
        // What waits may only be waiting for the end of this batch: the connection takes what it can, once.
        output?.sessionHasOutput()
        if queue.append(event) { return true }
        end(.tooSlow)
        return false
    }

    // MARK: What the replay does

    /// Throws `conflict` where there is a subscription already, or no room for another.
    func checkRoom(for scope: EventScope) throws(StudioError) {
        guard subscriptions[scope] == nil else {
            throw StudioError(.conflict, "this connection is subscribed to that already")
        }
        guard subscriptions.count < Self.subscriptionLimit else {
            throw StudioError(.conflict, "a connection has at most \(Self.subscriptionLimit) subscriptions")
        }
    }

    /// Whether the stream's place is known, so that a subscription without a replay has somewhere to begin.
    var hasPosition: Bool { fanOut.position.transaction > 0 }

    /// A subscription without a replay: from the fan-out's position on, which is returned.
    func beginLive(_ scope: EventScope, project: ProjectID) -> EventCursor {
        let position = fanOut.position
        guard !isOver, subscriptions[scope] == nil else { return position }
        subscriptions[scope] = Subscription(project: project, coveredFrom: position, phase: .live(after: position))
        fanOut.attach(self, to: project)
        return position
    }

    /// A subscription that begins with a replay; returns the fan-out's position.
    func beginReplay(_ scope: EventScope, project: ProjectID, since: EventCursor) -> EventCursor {
        guard !isOver, subscriptions[scope] == nil else { return fanOut.position }
        subscriptions[scope] = Subscription(project: project, coveredFrom: since, phase: .replaying)
        fanOut.attach(self, to: project)
        return fanOut.position
    }

    /// From here on what the fan-out brings is held back; returns the position before it.
    func hold(_ scope: EventScope) -> EventCursor {
        subscriptions[scope]?.phase = .holding([])
        return fanOut.position
    }

    /// Events that the replay read; those that another subscription brings are left out. Succeeds when there is room for
    /// more, fails when the session is over.
    func replay(_ events: [OutgoingEvent], of scope: EventScope) -> EventLoopFuture<Void> {
        guard !isOver else { return eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
        for event in events where !isCovered(event, besides: scope) {
            guard enqueue(event) else { return eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
        }
        output?.sessionHasOutput()
        guard queue.durableCount >= OutgoingQueue.durableLimit / 4 else { return eventLoop.makeSucceededVoidFuture() }
        let promise = drained ?? eventLoop.makePromise()
        drained = promise
        return promise.futureResult
    }

    /// The replay is through up to a position: what was held back follows, and then everything as it comes.
    func goLive(_ scope: EventScope, after position: EventCursor) {
        guard !isOver, case .holding(let held) = subscriptions[scope]?.phase else { return }
        subscriptions[scope]?.phase = .live(after: position)
        for event in held where event.cursor.map({ $0 > position }) ?? false { enqueue(event) }
        output?.sessionHasOutput()
    }

    /// The subscription is over.
    func drop(_ scope: EventScope) {
        guard let gone = subscriptions[scope] else { return }
        subscriptions[scope] = nil
        guard !subscriptions.values.contains(where: { $0.project == gone.project }) else { return }
        fanOut.detach(self, from: [gone.project])
    }

    /// The command is done with; the next begins.
    func finishedCommand() {
        isWorking = false
        workOn()
    }

    private func isCovered(_ event: OutgoingEvent, besides scope: EventScope) -> Bool {
        guard let project = event.project, let cursor = event.cursor else { return false }
        if let tenantFrom, cursor > tenantFrom { return true }
        for other in [.project(project)] + (event.job.map { [EventScope.job($0)] } ?? []) where other != scope {
            if let subscription = subscriptions[other], cursor > subscription.coveredFrom { return true }
        }
        return false
    }
}
