import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import StudioCore
import StudioPostgres
import StudioRedis
import Synchronization

/// `/metrics`, for Prometheus.
struct MetricsRoutes: RouteGroup {
    let registry: MetricsRegistry

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/metrics") { _, _ -> Response in
            let text = await registry.text()
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}

extension MetricsRegistry {
    /// What the gateway tells of itself, its clients, its jobs and its queues.
    ///
    /// - Parameters:
    ///   - http: The requests.
    ///   - events: The event stream.
    ///   - jobs: The jobs by state; a queue that only they name, since its function is gone, is told of too.
    ///   - backlog: How long jobs wait, and the workers there are.
    ///   - queue: The lists in Redis.
    ///   - queues: The queues of the functions there are, asked at every scrape: the catalogue changes.
    /// - Returns: The registry.
    static func gateway(
        http: HTTPMetrics, events: EventMetrics, jobs: JobCounts, backlog: BacklogMetrics, queue: TaskQueue,
        queues: @escaping @Sendable () -> [String]
    ) -> MetricsRegistry {
        MetricsRegistry([
            { http.families() },
            { events.families() },
            { await jobs.families() },
            { await backlog.families(queues: queues()) },
            {
                let names = await jobs.queues().union(queues()).sorted()
                // With Redis away there is no depth to tell; `readyz` says so.
                guard let denied = try? await queue.denied(among: names),
                    let depths = try? await queue.depths(of: names.filter { !denied.contains($0) })
                else { return [] }
                let samples = depths.map { depth in
                    Sample(
                        name: "studio_queue_messages",
                        labels: [("queue", depth.queue), ("step", "\(depth.wireStep)")], value: Double(depth.count))
                }
                return [
                    Family(
                        name: "studio_queue_messages", help: "Messages that wait for a worker.", kind: .gauge,
                        samples: samples)
                ]
            },
        ])
    }
}

extension EventMetrics {
    /// What a scrape is told.
    func families() -> [MetricsRegistry.Family] {
        func family(_ name: String, _ help: String, _ kind: MetricsRegistry.Kind, _ value: Double)
            -> MetricsRegistry.Family
        {
            .init(name: name, help: help, kind: kind, samples: [.init(name: name, value: value)])
        }
        return [
            family(
                "studio_event_connections", "WebSockets and event streams that are open.", .gauge, Double(openSessions)),
            family(
                "studio_event_clients_too_slow_total", "Clients closed because their events did not fit.", .counter,
                Double(tooSlow)),
            family("studio_events_total", "Durable events read for clients.", .counter, Double(events)),
            family(
                "studio_event_lag_seconds", "From the newest event's commit to its delivery.", .gauge,
                Double(lag) / 1000),
        ]
    }
}

/// How many jobs are in each state and queue: counted at most every ten seconds, since counting a million rows is not free.
final class JobCounts: Sendable {
    private struct Counted {
        var at: ContinuousClock.Instant
        var counts: [JobCount]
    }

    private let jobs: JobStore
    private let lifetime: Duration
    private let last = Mutex<Counted?>(nil)

    init(_ jobs: JobStore, lifetime: Duration = .seconds(10)) {
        self.jobs = jobs
        self.lifetime = lifetime
    }

    /// What a scrape is told; nothing while PostgreSQL is away.
    func families() async -> [MetricsRegistry.Family] {
        guard let counts = try? await counts() else { return [] }
        let samples = JobState.allCases.map { state in
            let sum = counts.reduce(0) { $1.state == state ? $0 + $1.count : $0 }
            return MetricsRegistry.Sample(name: "studio_jobs", labels: [("state", state.rawValue)], value: Double(sum))
        }
        return [.init(name: "studio_jobs", help: "Jobs by state.", kind: .gauge, samples: samples)]
    }

    /// The queues of jobs that are not finished; none while PostgreSQL is away.
    func queues() async -> Set<String> {
        guard let counts = try? await counts() else { return [] }
        return Set(counts.filter { !$0.state.isFinished }.map(\.queue))
    }

    private func counts() async throws -> [JobCount] {
        if let last = last.withLock({ $0 }), last.at.duration(to: .now) < lifetime { return last.counts }
        let counts = try await jobs.counts()
        last.withLock { $0 = Counted(at: .now, counts: counts) }
        return counts
    }
}
