import FoundationEssentials
import Glibc
import QueueProtocol
import StudioPostgres
import StudioRedis

/// What `celery inspect` and Flower's pages are told, in the shapes that a worker of Celery gives them.
extension NodeAnswers {
    /// A job that runs here.
    func request(_ running: TaskBoard.Running, asText: Bool) -> JSONValue {
        let job = running.job
        let facts = CeleryTaskFacts(job)
        return [
            "id": .string(facts.id), "name": .string(facts.name), "type": .string(facts.name),
            "args": asText ? .string(facts.arguments) : [],
            "kwargs": asText ? .string(facts.keywords) : .object(CeleryTaskFacts.keywords(of: job)),
            "hostname": .string(identity.name), "time_start": .number(running.startedAt.timeIntervalSince1970),
            "acknowledged": true, "worker_pid": .integer(Int64(identity.pid)),
            "delivery_info": Self.delivery(queue: job.queue, priority: .null, isRedelivered: job.attempt > 1),
        ]
    }

    /// A task that was taken and does not run yet.
    func request(_ task: ReservedTask) -> JSONValue {
        let message = task.message
        let call = try? message.call()
        return [
            "id": .string(message.id), "name": .string(message.task), "type": .string(message.task),
            "args": .array(call?.arguments ?? []), "kwargs": .object(call?.keywords ?? [:]),
            "hostname": .string(identity.name), "time_start": .null, "acknowledged": false, "worker_pid": .null,
            "delivery_info": Self.delivery(
                queue: message.routingKey, priority: .integer(Int64(message.priority.wire)),
                isRedelivered: message.isRedelivered),
        ]
    }

    private static func delivery(queue: String, priority: JSONValue, isRedelivered: Bool) -> JSONValue {
        [
            "exchange": "", "routing_key": .string(queue), "priority": priority,
            "redelivered": .bool(isRedelivered),
        ]
    }

    func query(_ ids: Set<String>) -> JSONValue {
        var found: [String: JSONValue] = [:]
        for task in board.reserved where ids.contains(task.message.id) {
            found[task.message.id] = ["reserved", request(task)]
        }
        for running in board.running where ids.contains(CeleryTaskFacts.id(of: running.job)) {
            found[CeleryTaskFacts.id(of: running.job)] = ["active", request(running, asText: false)]
        }
        return .object(found)
    }

    func registered(_ settings: [String]) -> JSONValue {
        .array(
            Self.tasks.map { name in
                let limit = limits[name]
                let own: [String: String?] = [
                    "name": name, "acks_late": "True", "ignore_result": "False",
                    "rate_limit": name == TaskName.render ? starts.rate?.text : nil,
                    "soft_time_limit": limit.soft.map { "\($0)" }, "time_limit": limit.hard.map { "\($0)" },
                ]
                let values = (settings.isEmpty ? ["rate_limit"] : settings).compactMap { setting in
                    (own[setting] ?? nil).map { "\(setting)=\($0)" }
                }
                return .string(values.isEmpty ? name : "\(name) [\(values.joined(separator: " "))]")
            })
    }

    /// A queue as kombu describes one.
    static func queue(_ name: String) -> JSONValue {
        [
            "name": .string(name), "routing_key": .string(name),
            "exchange": [
                "name": .string(name), "type": "direct", "arguments": .null, "durable": true, "passive": false,
                "auto_delete": false, "delivery_mode": .null, "no_declare": false,
            ],
            "queue_arguments": .null, "binding_arguments": .null, "consumer_arguments": .null, "durable": true,
            "exclusive": false, "auto_delete": false, "no_ack": false, "alias": .null, "bindings": [],
            "no_declare": .null, "expires": .null, "message_ttl": .null, "max_length": .null,
            "max_length_bytes": .null, "max_priority": .null,
        ]
    }

    func stats() -> JSONValue {
        let limit = limits[TaskName.render]
        let capacity = Int64(slots.table.capacity)
        return [
            "total": .object(board.counts.mapValues { .integer(Int64($0)) }), "pid": .integer(Int64(identity.pid)),
            "clock": .string(String(clock.now)), "uptime": .integer(Int64(facts.uptime)),
            "pool": [
                "implementation": "RenderWorker:Slots", "max-concurrency": .integer(capacity),
                "processes": [.integer(Int64(identity.pid))], "max-tasks-per-child": "N/A",
                "put-guarded-by-semaphore": true, "timeouts": [.number(limit.soft ?? 0), .number(limit.hard ?? 0)],
                "running": .integer(Int64(board.runningCount)),
            ],
            "broker": .object(facts.broker), "prefetch_count": .integer(capacity), "rusage": Self.usage(),
        ]
    }

    private static func usage() -> JSONValue {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return [:] }
        func seconds(_ time: timeval) -> JSONValue { .number(Double(time.tv_sec) + Double(time.tv_usec) / 1e6) }
        let counts: KeyValuePairs = [
            "maxrss": usage.ru_maxrss, "ixrss": usage.ru_ixrss, "idrss": usage.ru_idrss, "isrss": usage.ru_isrss,
            "minflt": usage.ru_minflt, "majflt": usage.ru_majflt, "nswap": usage.ru_nswap,
            "inblock": usage.ru_inblock, "oublock": usage.ru_oublock, "msgsnd": usage.ru_msgsnd,
            "msgrcv": usage.ru_msgrcv, "nsignals": usage.ru_nsignals, "nvcsw": usage.ru_nvcsw,
            "nivcsw": usage.ru_nivcsw,
        ]
        var object: [String: JSONValue] = ["utime": seconds(usage.ru_utime), "stime": seconds(usage.ru_stime)]
        for (name, count) in counts { object[name] = .integer(Int64(count)) }
        return .object(object)
    }

    /// What holds now, by the names that Celery's settings have where there are such.
    func configuration() -> [String: JSONValue] {
        let limit = limits[TaskName.render]
        return facts.configuration.merging([
            "worker_concurrency": .integer(Int64(slots.table.capacity)),
            "worker_send_task_events": .bool(events.isEnabled),
            "task_queues": .array(consumer.queues.map { .string($0) }),
            "task_soft_time_limit": limit.soft.map { .number($0) } ?? .null,
            "task_time_limit": limit.hard.map { .number($0) } ?? .null,
            "task_annotations": starts.rate.map { [TaskName.render: ["rate_limit": .string($0.text)]] } ?? .null,
        ]) { $1 }
    }

    func report() -> String {
        """
        software -> \(NodeIdentity.software):\(identity.version)
        platform -> system:Linux
        broker transport:redis results:redis
        """
    }
}
