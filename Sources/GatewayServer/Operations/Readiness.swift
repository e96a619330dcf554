import NIOPosix
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// One thing the gateway needs before it can work, and how to find out whether it is there.
struct ReadinessCheck: Sendable {
    /// What was found.
    enum Verdict: Sendable, Hashable {
        case ready
        /// What is missing, for an operator; no addresses, no secrets.
        case missing(String)
    }

    let name: String
    let check: @Sendable () async throws -> Verdict

    /// PostgreSQL answers.
    static func postgres(_ database: Database) -> ReadinessCheck {
        ReadinessCheck(name: "postgres") {
            try await database.ping()
            return .ready
        }
    }

    /// Every migration this program brings is applied.
    static func migrations(_ database: Database) -> ReadinessCheck {
        ReadinessCheck(name: "migrations") {
            try await database.migrationsAreCurrent() ? .ready : .missing("migrations wait to be applied")
        }
    }

    /// Redis answers.
    static func redis(_ client: RedisClient) -> ReadinessCheck {
        ReadinessCheck(name: "redis") {
            let reply = try await client.send(RedisCommand("PING"))
            return reply.text == "PONG" ? .ready : .missing("Redis does not answer PING")
        }
    }

    /// The `git-lfs` program is there, which `git` needs to work with takes.
    ///
    /// - Parameters:
    ///   - searchPath: The folders programs are looked for in, as `PATH` lists them.
    ///   - place: Where people's git works.
    /// - Returns: The check; none where people's git works elsewhere.
    static func lfsClient(searchPath: String, place: GitClientPlace) -> [ReadinessCheck] {
        guard place == .here else { return [] }
        return [
            ReadinessCheck(name: "git-lfs") {
                let isThere = try await NIOThreadPool.singleton.runIfActive {
                    LFSClient.isInstalled(searchPath: searchPath)
                }
                return isThere ? .ready : .missing("git-lfs is not installed; \(LFSClient.advice)")
            }
        ]
    }

    /// The storage of large files answers, and is there.
    ///
    /// - Parameter storage: The storage.
    /// - Returns: The check; none for the workspace itself, which is looked at wherever it is used.
    static func storage(_ storage: any ObjectStorage) -> [ReadinessCheck] {
        guard !storage.isLocal else { return [] }
        let check = ReadinessCheck(name: "storage") {
            do throws(StorageError) {
                try await storage.check()
                return .ready
            } catch {
                return .missing(error.message)
            }
        }
        return [check]
    }

    /// Looks, for at most a time.
    func verdict(within bound: Duration) async -> Verdict {
        await withTaskGroup(of: Verdict.self) { group in
            group.addTask {
                do {
                    return try await check()
                } catch let error as PostgresError {
                    return .missing(error.description)
                } catch let error as RedisError {
                    return .missing("Redis: \(error.code)")
                } catch {
                    return .missing("not there")
                }
            }
            group.addTask {
                try? await Task.sleep(for: bound)
                return .missing("no answer within \(bound.components.seconds) s")
            }
            let first = await group.next() ?? .missing("not looked at")
            group.cancelAll()
            return first
        }
    }
}
