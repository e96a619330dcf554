import NIOPosix
import StudioCore
import StudioTestKit
import Testing

@testable import StudioRedis

@Suite("What a doctor asks Redis", .timeLimit(.minutes(10))) struct RedisExaminationTests {
    private func look(_ url: String) async -> [String: Diagnosis] {
        let found = await RedisExamination(url, group: MultiThreadedEventLoopGroup.singleton)
            .diagnoses(within: .seconds(30))
        return Dictionary(found.map { ($0.check, $0) }, uniquingKeysWith: { $1 })
    }

    @Test("One that keeps everything is well")
    func good() async throws {
        let redis = try await PrivateRedis()
        let found = await look(redis.url)
        #expect(found.values.allSatisfy { $0.verdict == .ok }, "\(found)")
        #expect(
            Set(found.keys) == [
                "redis", "redis-version", "redis-role", "redis-eviction", "redis-persistence", "redis-memory",
            ])
    }

    @Test("One that evicts, keeps nothing, and has no memory left")
    func bad() async throws {
        try await RedisServer.run(["--maxmemory-policy", "allkeys-lru", "--maxmemory", "100kb"]) { server in
            let found = await look("unix://\(server.socket)")
            #expect(found["redis"]?.verdict == .ok)
            #expect(found["redis-eviction"]?.verdict == .failed)
            #expect(found["redis-eviction"]?.remedy?.contains("noeviction") == true)
            #expect(found["redis-persistence"]?.verdict == .warning)
            #expect(found["redis-memory"]?.verdict == .failed)
        }
    }

    @Test("A replica, an old version, a user who may not be told")
    func others() async throws {
        #expect(RedisExamination.role(["role": "slave"]).verdict == .failed)
        #expect(RedisExamination.version(["redis_version": "6.0.16"]).verdict == .failed)
        #expect(RedisExamination.version(["redis_version": "6.2.0"]).verdict == .ok)
        #expect(RedisExamination.version([:]).verdict == .failed)
        #expect(RedisExamination.memory(["used_memory": "95", "maxmemory": "100"]).verdict == .warning)
        #expect(RedisExamination.persistence(["aof_enabled": "1", "aof_last_write_status": "err"]).verdict == .failed)
        try await RedisServer.run([
            "--requirepass", "word", "--user", "ada", "on", ">word", "~*", "&*", "+@all", "-info",
        ]) { server in
            let silent = await look("redis+socket://ada:word@\(server.socket)")
            #expect(silent["redis-settings"]?.verdict == .warning, "\(silent)")
            let stranger = await look("unix://\(server.socket)")
            #expect(stranger["redis"]?.remedy?.contains("password") == true, "\(stranger)")
        }
    }

    @Test("Nobody there, and no address")
    func unreachable() async {
        #expect(await look("redis://127.0.0.1:1")["redis"]?.remedy?.contains("start Redis") == true)
        #expect(await look("http://127.0.0.1")["redis"]?.remedy?.contains("redis://") == true)
    }
}
