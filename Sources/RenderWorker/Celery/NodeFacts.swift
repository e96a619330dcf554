import QueueProtocol
import StudioRedis

/// What this node tells of its settings; nothing secret.
struct NodeFacts: Sendable {
    /// The broker, as kombu describes a connection.
    let broker: [String: JSONValue]
    /// The settings that do not change, by the names that Celery's settings have where there are such.
    let configuration: [String: JSONValue]
    private let startedAt = ContinuousClock.now

    /// The facts of a worker.
    ///
    /// - Parameters:
    ///   - redis: Where its Redis is.
    ///   - grace: How long running jobs may go on when it stops.
    init(redis: RedisConfiguration, grace: Duration) {
        let (host, port): (String, JSONValue) =
            switch redis.endpoint {
            case .host(let name, let port): (name, .integer(Int64(port)))
            case .unixSocket(let path): (path, .null)
            }
        broker = [
            "hostname": .string(host), "port": port, "transport": "redis",
            "userid": redis.username.map { .string($0) } ?? .null, "virtual_host": .string(String(redis.database)),
            "ssl": .bool(redis.tls != nil), "insist": false, "login_method": .null, "transport_options": [:],
            "uri_prefix": .null,
            "connect_timeout": .number(redis.connectTimeout / .seconds(1)), "heartbeat": 0,
            "failover_strategy": "round-robin", "alternates": [],
        ]
        configuration = [
            "accept_content": ["json"], "broker_url": .string("\(redis)"), "result_backend": .string("\(redis)"),
            "enable_utc": true, "timezone": "UTC", "result_expires": 86_400, "result_serializer": "json",
            "task_serializer": "json", "task_acks_late": true, "task_default_queue": .string(StudioKeys.defaultQueue),
            "task_track_started": true, "worker_prefetch_multiplier": 1, "worker_enable_remote_control": true,
            "worker_soft_shutdown_timeout": .number(grace / .seconds(1)),
        ]
    }

    /// How long the worker is up, in whole seconds.
    var uptime: Int { Int((ContinuousClock.now - startedAt) / .seconds(1)) }
}
