public import NIOCore
public import StudioCore

/// What a program's doctor asks Redis: whether it answers, and whether it keeps what it is given.
public struct RedisExamination: Sendable {
    /// The oldest version with all commands that the studio sends (`BLMOVE`, `RPOP` with a number).
    public static let oldestVersion = (6, 2)

    /// Where Redis is, as Celery writes it.
    public var url: String
    /// The event loops to connect on.
    public var group: any EventLoopGroup

    /// An examination.
    ///
    /// - Parameters:
    ///   - url: Where Redis is.
    ///   - group: The event loops to connect on.
    public init(_ url: String, group: any EventLoopGroup) {
        self.url = url
        self.group = group
    }

    /// Looks.
    ///
    /// - Parameter bound: How long the server has for an answer.
    /// - Returns: What was found out; one failure where no connection can be made.
    public func diagnoses(within bound: Duration) async -> [Diagnosis] {
        do {
            var configuration = try RedisConfiguration(url: url)
            try configuration.tls?.check()
            (configuration.connectTimeout, configuration.commandTimeout) = (bound * 2 / 5, bound * 2 / 5)
            let connection = try await RedisConnection.connect(configuration, on: group)
            let answers = Diagnosis("redis", .ok, "answers at \(configuration)")
            let found = await found(through: connection)
            await connection.close()
            return [answers] + found
        } catch let error as RedisError {
            return [Self.unreachable(error)]
        } catch {
            return [Self.unreachable(RedisError(.unavailable, "\(error)"))]
        }
    }

    private func found(through connection: RedisConnection) async -> [Diagnosis] {
        let reply: RedisReply
        do {
            reply = try await connection.send(RedisCommand("INFO"))
        } catch {
            return [
                Diagnosis(
                    "redis-settings", .warning, "it does not tell of its settings: \(error)",
                    remedy:
                        "let the studio's user run INFO (ACL: +info), or look at maxmemory-policy and appendonly by hand"
                )
            ]
        }
        let facts = Self.facts(reply.text ?? "")
        return [
            Self.version(facts), Self.role(facts), Self.eviction(facts), Self.persistence(facts), Self.memory(facts),
        ]
    }

    /// `name:value` lines.
    static func facts(_ text: String) -> [String: String] {
        var facts: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            facts[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return facts
    }

    static func version(_ facts: [String: String]) -> Diagnosis {
        let text = facts["redis_version"] ?? "unknown"
        let parts = text.split(separator: ".").compactMap { Int($0) }
        let oldest = oldestVersion
        guard parts.count >= 2, (parts[0], parts[1]) >= oldest else {
            return Diagnosis(
                "redis-version", .failed, "\(text) is older than \(oldest.0).\(oldest.1)",
                remedy: "run Redis \(oldest.0).\(oldest.1) or newer")
        }
        return Diagnosis("redis-version", .ok, text)
    }

    static func role(_ facts: [String: String]) -> Diagnosis {
        let role = facts["role"] ?? "unknown"
        guard role == "slave" else { return Diagnosis("redis-role", .ok, "takes writes (\(role))") }
        return Diagnosis(
            "redis-role", .failed, "it is a replica, which takes no writes", remedy: "let REDIS_URL name the primary")
    }

    static func eviction(_ facts: [String: String]) -> Diagnosis {
        let policy = facts["maxmemory_policy"] ?? "unknown"
        guard policy != "noeviction" else { return Diagnosis("redis-eviction", .ok, "noeviction") }
        return Diagnosis(
            "redis-eviction", .failed, "\(policy): Redis throws tasks away when its memory is short",
            remedy: "set maxmemory-policy noeviction in redis.conf")
    }

    static func persistence(_ facts: [String: String]) -> Diagnosis {
        if facts["aof_enabled"] == "1", facts["aof_last_write_status"] ?? "ok" != "ok" {
            return Diagnosis(
                "redis-persistence", .failed, "the append-only file cannot be written",
                remedy: "make room on Redis's disk; until then it takes no writes")
        }
        guard facts["aof_enabled"] != "1" else { return Diagnosis("redis-persistence", .ok, "append-only file") }
        return Diagnosis(
            "redis-persistence", .warning,
            "no append-only file: what Redis holds is lost with it, and is laid again from PostgreSQL",
            remedy: "set appendonly yes in redis.conf")
    }

    static func memory(_ facts: [String: String]) -> Diagnosis {
        let used = facts["used_memory"].flatMap { Int($0) } ?? 0
        let most = facts["maxmemory"].flatMap { Int($0) } ?? 0
        guard most > 0 else { return Diagnosis("redis-memory", .ok, "\(used >> 20) MiB used, without a limit") }
        let seen = "\(used >> 20) of \(most >> 20) MiB used"
        let remedy = "raise maxmemory, or find out which queue grows: GET /api/v1/queues"
        if used >= most { return Diagnosis("redis-memory", .failed, seen, remedy: remedy) }
        return Diagnosis(
            "redis-memory", used > most / 10 * 9 ? .warning : .ok, seen, remedy: used > most / 10 * 9 ? remedy : nil)
    }

    static func unreachable(_ error: RedisError) -> Diagnosis {
        let remedy =
            switch error.code {
            case .authentication: "put the right user and password into REDIS_URL"
            case .invalidConfiguration: "write REDIS_URL as redis://user:password@host:6379/0"
            case .server(prefix: "LOADING"): "wait until Redis has loaded its data"
            case .server(prefix: "NOPERM"): "let the studio's user run SELECT, PING (ACL)"
            case .timeout: "look whether Redis is overloaded, and whether the port speaks TLS (rediss://)"
            default: "start Redis, and let REDIS_URL name its host and port as this machine reaches it"
            }
        return Diagnosis("redis", .failed, error.message, remedy: remedy)
    }
}
