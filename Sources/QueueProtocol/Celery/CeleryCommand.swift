/// What a node can be told by Celery's remote control.
public enum CeleryCommand: Sendable, Hashable {
    /// Say that you are there.
    case ping
    /// Name the tasks that run; `safe` wants arguments as text.
    case active(safe: Bool)
    /// Name the tasks that are taken and do not run yet.
    case reserved
    /// Name the tasks that are taken and wait for their time.
    case scheduled
    /// Name the ids that were revoked.
    case revoked
    /// Name the tasks that can be run; with these of their settings, where any are named.
    case registered(settings: [String])
    /// Say how you are.
    case stats
    /// Name the queues that are served.
    case activeQueues
    /// Name the settings.
    case configuration
    /// Say your logical clock.
    case clock
    /// Say what you know of some tasks.
    case queryTask([String])
    /// Describe the program, for a report.
    case report
    /// Another node begins: tell it what was revoked, as it tells you.
    case hello(from: String, revoked: [String])
    /// Let some tasks not be run; where they run, stop them if `terminate` says so.
    case revoke([String], terminate: Bool)
    /// Begin tasks of that name only so often; nil ends the limit.
    case rateLimit(task: String, TaskRate?)
    /// Let tasks of that name that begin from now on run only so many seconds; nil ends a limit.
    case timeLimit(task: String, soft: Double?, hard: Double?)
    /// Tell monitors what becomes of tasks.
    case enableEvents
    /// Tell them no more.
    case disableEvents
    /// Tell monitors at once that you are there.
    case heartbeat
    /// Run so many tasks more at a time; a negative number is so many fewer.
    case grow(by: Int)
    /// Restart what runs tasks.
    case poolRestart
    /// Let the number of tasks at a time follow the load.
    case autoscale
    /// Serve one more queue.
    case addConsumer(queue: String)
    /// Serve a queue no more.
    case cancelConsumer(queue: String)
    /// Finish what runs, and stop.
    case shutdown

    /// The most ids that one command is heard of.
    static let mostIDs = 10_000

    /// Reads a command.
    ///
    /// - Parameters:
    ///   - method: What is to be done.
    ///   - arguments: More about it; those that are not known are passed over, as Celery does.
    /// - Throws: `CeleryRefusal` where no node of ours knows the method, or its arguments cannot be used.
    public init(method: String, arguments: WireObject) throws(CeleryRefusal) {
        let given = CommandArguments(method: method, arguments)
        switch method {
        case "ping": self = .ping
        case "active", "dump_active": self = .active(safe: given.flag("safe"))
        case "reserved", "dump_reserved": self = .reserved
        case "scheduled", "dump_schedule": self = .scheduled
        case "revoked", "dump_revoked": self = .revoked
        case "registered", "dump_tasks": self = .registered(settings: try given.texts("taskinfoitems", isNeeded: false))
        case "stats": self = .stats
        case "active_queues": self = .activeQueues
        case "conf", "dump_conf": self = .configuration
        case "clock": self = .clock
        case "query_task": self = .queryTask(try given.texts("ids"))
        case "report": self = .report
        case "hello":
            self = .hello(from: try given.text("from_node"), revoked: try given.texts("revoked", isNeeded: false))
        case "revoke": self = .revoke(try given.texts("task_id"), terminate: given.flag("terminate"))
        case "terminate": self = .revoke(try given.texts("task_id"), terminate: true)
        case "rate_limit": self = .rateLimit(task: try given.text("task_name"), try given.rate("rate_limit"))
        case "time_limit":
            self = .timeLimit(
                task: try given.text("task_name"), soft: try given.seconds("soft"), hard: try given.seconds("hard"))
        case "enable_events": self = .enableEvents
        case "disable_events": self = .disableEvents
        case "heartbeat": self = .heartbeat
        case "pool_grow": self = .grow(by: try given.count("n"))
        case "pool_shrink": self = .grow(by: -(try given.count("n")))
        case "pool_restart": self = .poolRestart
        case "autoscale": self = .autoscale
        case "add_consumer": self = .addConsumer(queue: try given.queue())
        case "cancel_consumer": self = .cancelConsumer(queue: try given.queue())
        case "shutdown": self = .shutdown
        default: throw CeleryRefusal(PythonRepr.exception("KeyError", method))
        }
    }
}

/// Why a command is not obeyed, in the words that its caller gets as `error`.
public struct CeleryRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The words, in Python's spelling of an exception where Celery would raise one.
    public let description: String

    /// A refusal.
    ///
    /// - Parameter description: The words.
    public init(_ description: String) { self.description = description }
}

/// A command's arguments as they came.
struct CommandArguments {
    private let method: String
    private let arguments: WireObject

    init(method: String, _ arguments: WireObject) {
        self.method = method
        self.arguments = arguments
    }

    /// As Python takes truth: what is there and neither false, null, zero nor empty.
    func flag(_ name: String) -> Bool {
        switch arguments[name] {
        case nil, .null, .bool(false), .string(""), .number("0"): false
        default: true
        }
    }

    func text(_ name: String) throws(CeleryRefusal) -> String {
        guard let text = arguments[name]?.stringValue, !text.isEmpty else { throw refusal(name, "a text") }
        return text
    }

    /// A list of texts; one text alone is a list of one.
    func texts(_ name: String, isNeeded: Bool = true) throws(CeleryRefusal) -> [String] {
        switch arguments[name] {
        case .string(let text): return [text]
        case .array(let items) where items.count <= CeleryCommand.mostIDs:
            var texts: [String] = []
            for item in items {
                guard let text = item.stringValue else { throw refusal(name, "a list of texts") }
                texts.append(text)
            }
            return texts
        case .array: throw refusal(name, "a list of at most \(CeleryCommand.mostIDs)")
        case nil where !isNeeded, .null where !isNeeded: return []
        default: throw refusal(name, "a list of texts")
        }
    }

    /// A whole number from 1; 1 where none is given.
    func count(_ name: String) throws(CeleryRefusal) -> Int {
        switch arguments[name] {
        case nil: return 1
        case let value?:
            guard let count = value.intValue, (1...1024).contains(count) else {
                throw refusal(name, "a whole number from 1 to 1024")
            }
            return count
        }
    }

    /// A number of seconds; nil where there is to be no limit.
    func seconds(_ name: String) throws(CeleryRefusal) -> Double? {
        switch arguments[name] {
        case nil, .null: return nil
        case let value?:
            guard let seconds = value.value.doubleValue, seconds.isFinite, seconds >= 0 else {
                throw refusal(name, "a number of seconds")
            }
            return seconds == 0 ? nil : seconds
        }
    }

    func rate(_ name: String) throws(CeleryRefusal) -> TaskRate? {
        switch arguments[name] {
        case nil, .null, .string(""): return nil
        case .string(let text), .number(let text):
            guard let rate = TaskRate.reading(text) else {
                throw CeleryRefusal("Invalid rate limit string: \(PythonRepr.exception("ValueError", text))")
            }
            return rate.perSecond == 0 ? nil : rate
        default: throw refusal(name, "a rate such as '10/m'")
        }
    }

    /// A queue's name; control characters would make it another list's.
    func queue() throws(CeleryRefusal) -> String {
        let name = try text("queue")
        guard name.utf8.count <= 255, !name.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw refusal("queue", "the name of a queue")
        }
        return name
    }

    private func refusal(_ name: String, _ expected: String) -> CeleryRefusal {
        CeleryRefusal(PythonRepr.exception("TypeError", "\(method)() takes \(expected) as '\(name)'"))
    }
}
