import FoundationEssentials
import Logging
import NIOCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Does what clients ask for: finds what they name, reads what came after `since`, and goes over to what comes now
/// without a gap and without telling anything twice.
struct EventReplay: Sendable {
    /// Events read from PostgreSQL at a time: few enough that a page fits into an empty `OutgoingQueue`.
    static let pageLength = 128

    let events: EventStore
    let projects: ProjectStore
    let jobs: JobStore
    let logger: Logger

    /// A topic of the caller's tenant, found.
    struct Found: Sendable {
        let scope: EventScope
        let project: ProjectID
    }

    /// Works on one command, once the stream is followed, and lets the session go on with the next.
    func perform(
        _ command: ClientCommand, for session: EventSessionHandle, after followed: () async throws -> Void
    ) async {
        do {
            try await followed()
            switch command {
            case .subscribe(.tenant, let since):
                guard since == nil else {
                    throw StudioError(
                        .invalid, "all projects are followed from now on: read the lists again instead of `since`")
                }
                try await session.run { Self.confirm(.tenant, try $0.beginTenant(), $0) }
            case .unsubscribe(.tenant): try await session.run { $0.endTenant() }
            case .subscribe(let topic, let since): try await subscribe(to: topic, since: since, for: session)
            case .unsubscribe(let topic):
                let found = try await find(topic, for: session.caller)
                try await session.run { $0.drop(found.scope) }
            }
        } catch {
            let refusal = Problem.translating(error, logger: logger)
            session.post { $0.refuse(code: refusal.code, detail: refusal.detail) }
        }
        session.post { $0.finishedCommand() }
    }

    /// What a topic names; `not-found` for what is not there and for what is another tenant's.
    func find(_ topic: EventTopic, for caller: Caller) async throws -> Found {
        switch topic {
        case .project(let name):
            guard let project = try await projects.get(tenant: caller.tenantID, name: name) else {
                throw StudioError(.notFound, "there is no such project")
            }
            return Found(scope: .project(project.id), project: project.id)
        case .job(let id):
            guard let job = try await jobs.get(id, tenant: caller.tenantID) else {
                throw StudioError(.notFound, "there is no such job")
            }
            return Found(scope: .job(id), project: job.project)
        case .tenant: throw StudioError(.invalid, "all projects are followed over a WebSocket")
        }
    }

    /// Refuses a place that no event can have had: the database was restored, and what came after such a place is not known.
    func check(_ since: EventCursor) async throws {
        guard try await events.mayHaveTold(since) else {
            throw StudioError.invalid([
                Finding(
                    pointer: "/since", code: "unknown",
                    detail: "there is no such event; the studio may have been restored: read anew and go on from now")
            ])
        }
    }

    /// Replays, once the stream is followed, and goes over to live for a session that has one subscription and gets no
    /// answers.
    func follow(
        _ found: Found, since: EventCursor, for session: EventSessionHandle, after followed: () async throws -> Void
    ) async {
        do {
            try await followed()
            _ = try await session.run { $0.beginReplay(found.scope, project: found.project, since: since) }
            try await replay(found, since: since, for: session)
        } catch {
            // The client comes back with the last event it got.
            session.post { $0.end(.tooSlow) }
        }
    }

    /// A project's name; nil where it is gone or cannot be read now.
    func name(of project: ProjectID) async -> String? {
        try? await projects.get(project)?.name
    }

    private func subscribe(to topic: EventTopic, since: EventCursor?, for session: EventSessionHandle) async throws {
        let found = try await find(topic, for: session.caller)
        try await session.run { try $0.checkRoom(for: found.scope) }
        guard let since else {
            try await session.run { session in
                let position = session.beginLive(found.scope, project: found.project)
                Self.confirm(topic, position, session)
            }
            return
        }
        try await check(since)
        try await session.run { session in
            let position = session.beginReplay(found.scope, project: found.project, since: since)
            Self.confirm(topic, position, session)
        }
        do {
            try await replay(found, since: since, for: session)
        } catch {
            try? await session.run { $0.drop(found.scope) }
            throw error
        }
    }

    /// Reads on until little is left, then lets the session hold back what comes and reads the rest.
    func replay(_ found: Found, since: EventCursor, for session: EventSessionHandle) async throws {
        var delivered = since
        while true {
            let page = try await events.read(found.scope, after: delivered, limit: Self.pageLength)
            try await deliver(page, of: found.scope, to: session)
            delivered = page.last?.cursor ?? delivered
            if page.count < Self.pageLength { break }
        }
        // Up to the position all can be read; what lies behind it comes from the fan-out.
        let position = try await session.run { $0.hold(found.scope) }
        while delivered < position {
            let page = try await events.read(found.scope, after: delivered, limit: Self.pageLength)
            let old = page.filter { $0.cursor <= position }
            try await deliver(old, of: found.scope, to: session)
            delivered = old.last?.cursor ?? delivered
            if old.count < Self.pageLength { break }
        }
        let reached = max(delivered, position)
        try await session.run { $0.goLive(found.scope, after: reached) }
    }

    private func deliver(
        _ page: [StoredEvent], of scope: EventScope, to session: EventSessionHandle
    ) async throws {
        let batch = EventBatch(page, position: EventCursor(transaction: 0, id: 0), logger: logger)
        let outgoing = page.indices.compactMap { batch.outgoing($0) }
        try await session.runFuture { $0.replay(outgoing, of: scope) }
    }

    private static func confirm(_ topic: EventTopic, _ position: EventCursor, _ session: EventSession) {
        let newest = position.transaction == 0 ? nil : position.description
        let message =
            switch topic {
            case .project(let name): SubscribedMessage(project: name, job: nil, newest: newest)
            case .job(let id): SubscribedMessage(project: nil, job: id, newest: newest)
            case .tenant: SubscribedMessage(project: nil, job: nil, all: true, newest: newest)
            }
        session.answer(message, kind: message.type)
    }
}
