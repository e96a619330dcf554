/// Whether every promise was kept: what was accepted is there once and ended as it may end, what was refused is not there.
struct PromiseVerdict {
    private(set) var breaches: [String] = []
    /// Jobs that were accepted and are not there.
    private(set) var lost = 0
    /// Orders that are there more than once.
    private(set) var doubled = 0

    init(_ book: PromiseBook, _ endings: [Ending]) {
        var byToken: [String: [Ending]] = [:]
        for ending in endings { byToken[ending.token, default: []].append(ending) }
        var ordered: Set<String> = []
        for promise in book.promises {
            let there = promise.orders.map { (byToken[$0.token] ?? []).count }
            for (order, count) in zip(promise.orders, there) {
                ordered.insert(order.token)
                check(order, of: promise, count: count, byToken[order.token]?.first?.id)
            }
            if promise.isBatch, there.contains(0), there.contains(where: { $0 > 0 }) {
                breaches.append("a batch was taken in part: \(zip(promise.orders.map(\.token), there).map { "\($0)" })")
            }
        }
        for token in byToken.keys.filter({ !ordered.contains($0) }).sorted() {
            breaches.append("a job that nobody submitted: \(token)")
        }
        let kinds = Dictionary(
            book.promises.flatMap(\.orders).map { ($0.token, $0.kind) }, uniquingKeysWith: { $1 })
        for ending in endings {
            if let kind = kinds[ending.token] { check(ending, kind, book) }
        }
    }

    private mutating func check(_ order: Order, of promise: Promise, count: Int, _ id: String?) {
        let (token, key) = (order.token, promise.key ?? "no key")
        if count > 1 {
            doubled += count - 1
            breaches.append("\(token) is there \(count) times (\(key))")
        }
        if promise.isAccepted {
            if count == 0 {
                lost += 1
                breaches.append("\(token) was accepted and is not there (\(key))")
            } else if id != promise.jobs[token]?.id {
                breaches.append("\(token) is job \(id ?? "") and was answered as \(promise.jobs[token]?.id ?? "")")
            }
        } else if promise.refusal != nil, promise.lostTries == 0, count > 0 {
            breaches.append("\(token) was refused with \(promise.refusal ?? 0) and is there")
        }
    }

    private mutating func check(_ ending: Ending, _ kind: WorkKind, _ book: PromiseBook) {
        let job = "\(kind.rawValue) \(ending.token) (job \(ending.id))"
        func breach(_ why: String) { breaches.append("\(job) is \(ending.state) \(ending.failure): \(why)") }
        switch ending.state {
        case "succeeded":
            if kind.fault != nil { breach("it cannot succeed") }
        case "cancelled":
            if !book.asksToCancel.contains(ending.id) { breach("nobody asked for it") }
        case "failed":
            switch ending.failure {
            case "worker-lost", "poison": if ending.lostAttempts == 0 { breach("no attempt was lost") }
            case "dependency-failed": if ending.brokenUpstream == 0 { breach("nothing it depends on failed") }
            default: if ending.failure != kind.fault { breach("it has no reason to") }
            }
        default: breach("it is not finished")
        }
        if ending.takes > 1 { breach("\(ending.takes) takes") }
        // A cancel that was noted holds, unless the job had ended or a retry was asked for.
        if let answer = book.cancelAnswers[ending.id], !book.asksToRetry.contains(ending.id),
            ["waiting", "queued", "running", "cancelled"].contains(answer),
            !["cancelled", "succeeded"].contains(ending.state)
        {
            breach("a cancel was answered with \(answer)")
        }
    }
}
