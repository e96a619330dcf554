import QueueProtocol
import StudioTestKit

/// Projects that are paused and jobs that are held: whoever stops something is seen to let it go again.
actor HoldBook {
    private enum Held: Hashable { case project(ChaosProject), job(String, token: String) }

    private let cast: Cast
    private let journal: Journal
    private let clock = ContinuousClock()
    private var due: [Held: ContinuousClock.Instant] = [:]
    /// Holds that were not answered: a gateway that was frozen may hear of one after the release.
    private var doubtful: Set<Held> = []
    /// Whether the gateway knows these routes; found out by asking.
    private var canPause = true
    private var canHold = true

    init(_ cast: Cast, _ journal: Journal) {
        self.cast = cast
        self.journal = journal
    }

    /// Pauses a project for some seconds.
    func pause(_ project: ChaosProject, _ client: GatewayClient, _ chance: inout SeededGenerator) async {
        let length = chance.whole(500...3000)
        guard canPause, due[.project(project)] == nil else { return }
        due[.project(project)] = clock.now.advanced(by: .milliseconds(length))
        guard let reply = try? await client.send(request(.project(project), hold: true)) else {
            doubtful.insert(.project(project))
            return
        }
        check(reply, "pauses") { canPause = false }
        if [404, 405].contains(reply.status) { due[.project(project)] = nil }
    }

    /// Holds a job for some seconds, or changes its priority.
    func hold(_ job: KnownJob, _ client: GatewayClient, _ chance: inout SeededGenerator) async {
        let (length, priority) = (chance.whole(500...3000), chance.chance(0.3) ? chance.whole(0...9) : nil)
        let held = Held.job(job.id, token: cast.members[job.member].token)
        guard canHold, due[held] == nil else { return }
        if priority == nil { due[held] = clock.now.advanced(by: .milliseconds(length)) }
        guard let reply = try? await client.send(request(held, hold: true, priority: priority)) else {
            if priority == nil { doubtful.insert(held) }
            return
        }
        check(reply, priority == nil ? "holds" : "priorities") { canHold = false }
        if [404, 405].contains(reply.status) { due[held] = nil }
    }

    /// Lets go what was held long enough.
    func releaseDue(_ client: GatewayClient) async {
        let now = clock.now
        for (held, at) in due where at <= now {
            due[held] = nil
            guard let reply = try? await client.send(request(held, hold: false)), reply.status < 500 else {
                // Once more in a while.
                due[held] = now.advanced(by: .seconds(1))
                continue
            }
        }
    }

    /// Lets everything go, whatever it takes; again and again with the same result.
    func releaseAll(_ client: GatewayClient) async throws {
        for held in Set(due.keys).union(doubtful) { _ = try await client.insist(request(held, hold: false)) }
        due = [:]
    }

    private func request(_ held: Held, hold: Bool, priority: Int? = nil) -> Request {
        switch held {
        case .project(let project):
            return Request(
                path: "/api/v1/projects/\(project.name)/\(hold ? "pause" : "resume")", token: project.token)
        case .job(let job, let token):
            let body: JSONValue = priority.map { ["priority": .integer(Int64($0))] } ?? ["hold": .bool(hold)]
            return Request(method: "PATCH", path: "/api/v1/jobs/\(job)", token: token, body: body)
        }
    }

    private func check(_ reply: Reply, _ what: String, unknown: () -> Void) {
        if reply.status == 500 { journal.breach("\(what): 500 \(reply.text)") }
        if reply.isSuccess { journal.count(what) }
        if [404, 405].contains(reply.status) { unknown() }
    }
}
