import QueueProtocol
import StudioTestKit
import Synchronization

/// One request that submits, and what was heard of it.
struct Promise: Sendable {
    let member: Int
    let project: ChaosProject
    let orders: [Order]
    /// The request's idempotency key; nil where it has none and cannot be repeated.
    let key: String?
    let isBatch: Bool
    /// The job each order was answered with, and the credits held for it; nil where it had ended before it was answered, as
    /// one may whose commit was found out only when the database was back.
    var jobs: [String: (id: String, credits: Int?)] = [:]
    var isAccepted = false
    /// The status of the refusal.
    var refusal: Int?
    /// Tries that were not answered, and may have been heard.
    var lostTries = 0
}

/// A job as its submitter knows it.
struct KnownJob: Sendable {
    let id: String
    let kind: WorkKind
    let member: Int
    let project: ChaosProject
}

/// All that the studio promised, and all that was asked of it.
final class PromiseBook: Sendable {
    private struct State {
        var promises: [Promise] = []
        var jobs: [KnownJob] = []
        var asksToCancel: Set<String> = []
        var cancelAnswers: [String: String] = [:]
        var asksToRetry: Set<String> = []
    }

    private let state = Mutex(State())
    private let journal: Journal

    init(_ journal: Journal) { self.journal = journal }

    var promises: [Promise] { state.withLock { $0.promises } }
    var asksToCancel: Set<String> { state.withLock { $0.asksToCancel } }
    var asksToRetry: Set<String> { state.withLock { $0.asksToRetry } }
    /// The state that the first answer to a cancel told, by job.
    var cancelAnswers: [String: String] { state.withLock { $0.cancelAnswers } }

    func open(_ promise: Promise) -> Int {
        state.withLock { state in
            state.promises.append(promise)
            return state.promises.count - 1
        }
    }

    func promise(_ index: Int) -> Promise { state.withLock { $0.promises[index] } }

    func lost(_ index: Int) { state.withLock { $0.promises[index].lostTries += 1 } }

    /// Takes an answer in.
    ///
    /// - Returns: Whether it is one for good.
    func answered(_ index: Int, _ reply: Reply) -> Bool {
        let promise = promise(index)
        guard reply.isSuccess || reply.isRefusal else {
            if reply.status == 500 { journal.breach("a submission was answered 500: \(reply.text)") }
            // What comes again may have been kept all the same.
            lost(index)
            return false
        }
        if reply.isRefusal {
            if promise.isAccepted {
                journal.breach("\(promise.key ?? "") was accepted and is refused now: \(reply.status) \(reply.text)")
            }
            state.withLock { $0.promises[index].refusal = reply.status }
            journal.count("refused \(reply.status)")
            let why = reply.json["detail"]?.stringValue ?? reply.text
            journal.note("\(promise.orders[0].token) is refused: \(why.prefix(100))")
            return true
        }
        let jobs = Self.jobs(of: promise, in: reply)
        guard jobs.count == promise.orders.count else {
            journal.breach("\(reply.status) without the jobs of \(promise.orders.map(\.token)): \(reply.text)")
            return true
        }
        if promise.isAccepted, jobs.mapValues(\.id) != promise.jobs.mapValues(\.id) {
            journal.breach("\(promise.key ?? "") gave \(promise.jobs) first and now \(jobs)")
        }
        let known = promise.orders.compactMap { order in
            jobs[order.token].map {
                KnownJob(id: $0.id, kind: order.kind, member: promise.member, project: promise.project)
            }
        }
        state.withLock { state in
            guard !state.promises[index].isAccepted else { return }
            state.promises[index].isAccepted = true
            state.promises[index].jobs = jobs
            state.jobs += known
        }
        return true
    }

    private static func jobs(of promise: Promise, in reply: Reply) -> [String: (id: String, credits: Int?)] {
        let json = reply.json
        let receipts = promise.isBatch ? (json["items"]?.arrayValue ?? []).map { $0["job"] ?? .null } : [json]
        var jobs: [String: (id: String, credits: Int?)] = [:]
        for (order, receipt) in zip(promise.orders, receipts) {
            guard let id = receipt["id"]?.stringValue, let credits = receipt["creditsHeld"]?.intValue else { continue }
            let hasEnded = ["succeeded", "failed", "cancelled"].contains(receipt["state"]?.stringValue)
            jobs[order.token] = (id, hasEnded ? nil : credits)
        }
        return jobs
    }

    /// Some job of a project among the newest; nil where there is none yet.
    func job(of project: ChaosProject, among newest: Int, _ chance: inout SeededGenerator) -> KnownJob? {
        chance.pick(state.withLock { state in state.jobs.suffix(newest).filter { $0.project == project } })
    }

    /// Some job that can be expected to have failed or been cancelled.
    func endedJob(_ chance: inout SeededGenerator) -> KnownJob? {
        chance.pick(
            state.withLock { state in
                state.jobs.suffix(1500).filter { $0.kind.fault != nil || state.asksToCancel.contains($0.id) }
            })
    }

    /// Some accepted promise that can be repeated.
    func acceptedPromise(_ chance: inout SeededGenerator) -> Int? {
        let found = state.withLock { state in
            state.promises.indices.suffix(800).filter { state.promises[$0].isAccepted && state.promises[$0].key != nil }
        }
        return chance.pick(found)
    }

    func asksToCancel(_ job: String) { state.withLock { _ = $0.asksToCancel.insert(job) } }

    func cancelAnswered(_ job: String, _ answer: String) {
        state.withLock { $0.cancelAnswers[job] = $0.cancelAnswers[job] ?? answer }
    }

    func asksToRetry(_ job: String) { state.withLock { _ = $0.asksToRetry.insert(job) } }
}
