import Synchronization

/// Requests by method, route pattern and status, and how long they took by route pattern. Patterns, never addresses: their
/// number is that of the routes.
final class HTTPMetrics: Sendable {
    private struct Request: Hashable, Comparable {
        let route: String
        let method: String
        let status: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.route, left.method, left.status) < (right.route, right.method, right.status)
        }
    }

    fileprivate struct Latency {
        var buckets = [Int](repeating: 0, count: HTTPMetrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    private struct State {
        var requests: [Request: Int] = [:]
        var latencies: [String: Latency] = [:]
    }

    /// Upper bounds of the histogram, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    private let state = Mutex(State())
    private let underWay = Atomic<Int>(0)

    /// A request's header has come.
    func requestBegan() { underWay.add(1, ordering: .relaxed) }

    /// Its answer is out, or the connection is gone.
    func requestEnded(route: String, method: String, status: Int, after elapsed: Duration) {
        underWay.subtract(1, ordering: .relaxed)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        // A method may be any token: what is not known counts as one.
        let method = Self.methods.contains(method) ? method : "other"
        state.withLock { state in
            state.requests[Request(route: route, method: method, status: status), default: 0] += 1
            state.latencies[route, default: Latency()].add(seconds)
        }
    }

    /// What a scrape is told.
    func families() -> [MetricsRegistry.Family] {
        let (requests, latencies) = state.withLock { ($0.requests, $0.latencies) }
        let counted = requests.sorted { $0.key < $1.key }.map { request, count in
            MetricsRegistry.Sample(
                name: "studio_http_requests_total",
                labels: [("route", request.route), ("method", request.method), ("status", String(request.status))],
                value: Double(count))
        }
        let timed = latencies.sorted { $0.key < $1.key }.flatMap { $1.samples(route: $0) }
        let name = "studio_http_request_seconds"
        return [
            .init(
                name: "studio_http_requests_total", help: "Requests answered.", kind: .counter, samples: counted),
            .init(
                name: name, help: "From the header to the last byte of the answer.", kind: .histogram, samples: timed),
            .init(
                name: "studio_http_requests_under_way", help: "Requests being answered.", kind: .gauge,
                samples: [
                    .init(
                        name: "studio_http_requests_under_way", value: Double(underWay.load(ordering: .relaxed)))
                ]),
        ]
    }
}

extension HTTPMetrics.Latency {
    fileprivate mutating func add(_ seconds: Double) {
        count += 1
        sum += seconds
        if let index = HTTPMetrics.bounds.firstIndex(where: { seconds <= $0 }) { buckets[index] += 1 }
    }

    fileprivate func samples(route: String) -> [MetricsRegistry.Sample] {
        let name = "studio_http_request_seconds"
        var below = 0
        var samples: [MetricsRegistry.Sample] = []
        for (bound, count) in zip(HTTPMetrics.bounds, buckets) {
            below += count
            samples.append(
                .init(name: "\(name)_bucket", labels: [("route", route), ("le", "\(bound)")], value: Double(below)))
        }
        samples.append(.init(name: "\(name)_bucket", labels: [("route", route), ("le", "+Inf")], value: Double(count)))
        samples.append(.init(name: "\(name)_sum", labels: [("route", route)], value: sum))
        samples.append(.init(name: "\(name)_count", labels: [("route", route)], value: Double(count)))
        return samples
    }
}
