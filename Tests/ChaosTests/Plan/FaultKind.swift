/// A part of the studio that breaks by itself. One of its faults is over before the next begins.
enum Part: Hashable, Sendable, CustomStringConvertible {
    case worker(Int)
    case gateway(Int)
    case python
    case redis
    case postgres
    case docker
    case comfyUI(Int)

    var description: String {
        switch self {
        case .worker(let index): "worker-\(index + 1)"
        case .gateway(let index): "gateway-\(index + 1)"
        case .python: "python"
        case .redis: "redis"
        case .postgres: "postgres"
        case .docker: "docker"
        case .comfyUI(let index): "comfyui-\(index + 1)"
        }
    }
}

/// What can happen to a part.
enum FaultKind: String, Sendable, CaseIterable {
    /// SIGKILL; started again after a while.
    case workerKilled = "worker killed"
    /// SIGKILL to it and to all it had started, as a machine dies.
    case workerMachineLost = "worker's machine lost"
    /// SIGSTOP for longer than its lease, then SIGCONT.
    case workerFrozen = "worker frozen"
    /// SIGTERM; started again when it has ended.
    case workerStopped = "worker stopped"
    /// Cut off from PostgreSQL.
    case workerCutFromPostgres = "worker cut from PostgreSQL"
    /// Cut off from Redis.
    case workerCutFromRedis = "worker cut from Redis"
    /// Cut off from both.
    case workerCutFromBoth = "worker cut from both"
    /// SIGKILL; started again after a while.
    case gatewayKilled = "gateway killed"
    /// SIGSTOP, then SIGCONT.
    case gatewayFrozen = "gateway frozen"
    /// SIGTERM; started again when it has ended.
    case gatewayStopped = "gateway stopped"
    /// Cut off from PostgreSQL.
    case gatewayCutFromPostgres = "gateway cut from PostgreSQL"
    /// Cut off from Redis.
    case gatewayCutFromRedis = "gateway cut from Redis"
    /// SIGKILL to a Python worker and its processes; started again after a while.
    case pythonKilled = "Python worker killed"
    /// SIGKILL to a process of a Python worker's pool, which Celery replaces.
    case pythonProcessKilled = "Python process killed"
    /// SIGTERM; started again when it has ended.
    case pythonStopped = "Python worker stopped"
    /// SIGKILL; started again with its data.
    case redisKilled = "Redis killed"
    /// SIGKILL; started again without its data.
    case redisEmptied = "Redis lost its data"
    /// FLUSHALL.
    case redisFlushed = "Redis flushed"
    /// Answers nobody for a while.
    case redisStalled = "Redis stalled"
    /// Every connection closed.
    case redisDisconnected = "Redis disconnected all"
    /// Ended at once, without a checkpoint, and started again.
    case postgresKilled = "PostgreSQL killed"
    /// Refuses connections for a while.
    case postgresAway = "PostgreSQL away"
    /// The backends of half the connections ended.
    case postgresBackendsEnded = "PostgreSQL backends ended"
    /// The jobs' table locked for a while.
    case postgresStalled = "PostgreSQL stalled"

    /// SIGKILL to the Docker engine; started again after a while, when it ends what containers it finds running.
    case engineKilled = "Docker engine killed"
    /// SIGKILL to what runs in a container.
    case containerKilled = "container killed"
    /// SIGKILL; started again with nothing of what it knew.
    case comfyUIKilled = "ComfyUI killed"

    /// How long it may last, in milliseconds, with the workers' lease.
    func length(lease: Int) -> ClosedRange<Int> {
        switch self {
        case .workerFrozen: (lease * 1000 + 500)...(lease * 1000 + 3000)
        case .workerCutFromPostgres, .workerCutFromRedis, .workerCutFromBoth: 500...(lease * 1000 + 3000)
        case .workerStopped, .gatewayStopped, .pythonStopped, .pythonProcessKilled, .redisFlushed, .redisDisconnected,
            .postgresBackendsEnded, .containerKilled:
            0...500
        case .postgresStalled: 500...2500
        default: 500...4000
        }
    }

    /// The parts it can happen to.
    func parts(workers: Int, gateways: Int) -> [Part] {
        switch self {
        case .workerKilled, .workerMachineLost, .workerFrozen, .workerStopped, .workerCutFromPostgres,
            .workerCutFromRedis, .workerCutFromBoth:
            (0..<workers).map(Part.worker)
        case .gatewayKilled, .gatewayFrozen, .gatewayStopped, .gatewayCutFromPostgres, .gatewayCutFromRedis:
            (0..<gateways).map(Part.gateway)
        case .pythonKilled, .pythonProcessKilled, .pythonStopped: [.python]
        case .redisKilled, .redisEmptied, .redisFlushed, .redisStalled, .redisDisconnected: [.redis]
        case .postgresKilled, .postgresAway, .postgresBackendsEnded, .postgresStalled: [.postgres]
        case .engineKilled, .containerKilled: [.docker]
        case .comfyUIKilled: (0..<ModelServers.comfyUIs).map(Part.comfyUI)
        }
    }

    /// Whether jobs of a worker are brought back by others for it: what the figures of recovery are about.
    var losesLeases: Bool { self == .workerKilled || self == .workerMachineLost || self == .workerFrozen }
}
