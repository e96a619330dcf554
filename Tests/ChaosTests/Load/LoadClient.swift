import Foundation
import QueueProtocol
import StudioTestKit

/// One of those who use the studio while it breaks: submits, repeats, cancels, retries, pauses, looks.
struct LoadClient {
    private enum Deed: Sendable {
        case small, batch, picture, painting, model, chain, again, cancel, retry, pause, hold, look
    }

    let cast: Cast
    let book: PromiseBook
    let gauge: BacklogGauge
    let journal: Journal
    let holds: HoldBook
    private let client: GatewayClient
    private let clock = ContinuousClock()
    private let name: Int
    private var chance: SeededGenerator
    private var orders: OrderBook
    /// What shall be repeated when all is well again.
    private var owed: [Int] = []

    init(
        _ name: Int, seed: UInt64, ports: [Int], cast: Cast, book: PromiseBook, gauge: BacklogGauge, holds: HoldBook,
        journal: Journal
    ) {
        self.name = name
        self.cast = cast
        self.book = book
        self.gauge = gauge
        self.holds = holds
        self.journal = journal
        client = GatewayClient(ports, first: name)
        chance = SeededGenerator(seed: seed, stream: 1 + UInt64(name))
        orders = OrderBook(client: name)
    }

    /// Uses the studio until the time is over.
    ///
    /// - Parameter end: When.
    /// - Returns: The submissions that were not answered and shall be repeated when all is well.
    mutating func run(until end: ContinuousClock.Instant) async -> [Int] {
        while clock.now < end {
            let deed = chance.weighed([
                (50, Deed.small), (7, .batch), (5, .picture), (2, .painting), (8, .model), (3, .chain), (6, .again),
                (9, .cancel), (6, .retry), (3, .pause), (4, .hold), (5, .look),
            ])
            await carryOut(deed)
            await holds.releaseDue(client)
            try? await clock.sleep(for: .milliseconds(chance.whole(0...120)))
        }
        return owed
    }

    private mutating func carryOut(_ deed: Deed) async {
        let member = chance.whole(0...(cast.members.count - 1))
        guard let project = chance.pick(cast.members[member].projects) else { return }
        let isFull = gauge.isFull
        switch deed {
        case .small where !isFull: await submit([small(project)], member, project)
        case .batch where !isFull:
            var batch: [Order] = []
            for _ in 0..<chance.whole(2...25) { batch.append(small(project)) }
            await submit(batch, member, project, isBatch: true)
        case .picture where !isFull: await submit([orders.picture(&chance)], member, project)
        case .painting where !isFull: await submit([orders.painting(&chance)], member, project)
        case .model where !isFull: await submit([orders.model(&chance)], member, project)
        case .chain where !isFull: await chain(member, project)
        case .again: await again()
        case .cancel: await cancel(project)
        case .retry: await retry()
        case .pause: await holds.pause(project, client, &chance)
        case .hold:
            if let job = book.job(of: project, among: 50, &chance) { await holds.hold(job, client, &chance) }
        default: await look(member, project)
        }
    }

    private mutating func small(_ project: ChaosProject) -> Order {
        var upstream: [String] = []
        for _ in 0..<3 { if let job = book.job(of: project, among: 200, &chance) { upstream.append(job.id) } }
        return orders.small(after: upstream, &chance)
    }

    @discardableResult
    private mutating func submit(
        _ batch: [Order], _ member: Int, _ project: ChaosProject, isBatch: Bool = false
    ) async -> Int {
        let key = chance.chance(0.9) ? "key-\(batch[0].token)" : nil
        let index = book.open(
            Promise(member: member, project: project, orders: batch, key: key, isBatch: isBatch))
        journal.count("submissions")
        await keep(index, leaves: chance.chance(0.04))
        return index
    }

    /// Asks until it is answered, or until the client has had enough.
    private mutating func keep(_ index: Int, leaves: Bool = false) async {
        let key = book.promise(index).key
        for attempt in 0..<6 {
            if attempt > 0 { try? await clock.sleep(for: .milliseconds(chance.whole(100...900))) }
            do {
                let reply = try await client.send(request(index, leaves: leaves && attempt == 0))
                if book.answered(index, reply) { return }
            } catch {
                if !error.isUnsent { book.lost(index) }
                journal.count("answers lost")
            }
            guard key != nil, chance.chance(0.85) else { break }
        }
        if key != nil, chance.chance(0.8) { owed.append(index) }
    }

    /// The request of a promise, the same every time.
    func request(_ index: Int, leaves: Bool = false) -> Request {
        let promise = book.promise(index)
        let path = "/api/v1/projects/\(promise.project.name)/jobs"
        return Request(
            path: promise.isBatch ? path + ":batch" : path, token: cast.members[promise.member].token,
            body: promise.isBatch ? Order.batch(promise.orders) : promise.orders[0].body,
            headers: promise.key.map { ["Idempotency-Key": $0] } ?? [:], leaves: leaves)
    }

    /// A film, then two pictures of it, one after the other.
    private mutating func chain(_ member: Int, _ project: ChaosProject) async {
        let film = await submit([orders.film(&chance)], member, project)
        guard let source = book.promise(film).jobs.values.first?.id else { return }
        let still = await submit([orders.still(of: source)], member, project)
        guard let first = book.promise(still).jobs.values.first?.id else { return }
        var second = orders.still(of: source)
        second.dependsOn = [first]
        await submit([second], member, project)
    }

    private mutating func again() async {
        guard let index = book.acceptedPromise(&chance) else { return }
        guard let reply = try? await client.send(request(index)) else { return }
        if book.answered(index, reply) { journal.count("repeats") }
    }

    private mutating func cancel(_ project: ChaosProject) async {
        guard let job = book.job(of: project, among: 120, &chance) else { return }
        book.asksToCancel(job.id)
        let asked = Request(path: "/api/v1/jobs/\(job.id)/cancel", token: cast.members[job.member].token)
        guard let reply = try? await client.send(asked) else { return }
        check(reply, "cancel")
        if reply.isSuccess, let state = reply.json["state"]?.stringValue {
            book.cancelAnswered(job.id, state)
            journal.count("cancels")
        }
    }

    private mutating func retry() async {
        guard let job = book.endedJob(&chance) else { return }
        book.asksToRetry(job.id)
        let asked = Request(path: "/api/v1/jobs/\(job.id)/retry", token: cast.members[job.member].token)
        guard let reply = try? await client.send(asked) else { return }
        check(reply, "retry")
        if reply.isSuccess { journal.count("retries") }
    }

    private mutating func look(_ member: Int, _ project: ChaosProject) async {
        let paths = [
            "/api/v1/me", "/api/v1/projects/\(project.name)/jobs?limit=20", "/api/v1/projects/\(project.name)/takes",
            "/readyz",
        ]
        guard let path = chance.pick(paths) else { return }
        let asked = Request(method: "GET", path: path, token: cast.members[member].token)
        guard let reply = try? await client.send(asked) else { return }
        check(reply, path)
    }

    private func check(_ reply: Reply, _ what: String) {
        if reply.status == 500 { journal.breach("\(what) was answered 500: \(reply.text)") }
    }
}
