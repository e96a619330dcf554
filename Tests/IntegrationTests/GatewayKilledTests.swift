import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// A gateway that dies with requests on its hands.
@Suite("A killed gateway", .serialized)
struct GatewayKilledTests {
    @Test("In the middle of work and of submissions: work goes on, and what is sent again is there once")
    func killedTwice() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        let running = try await stack.submitFilm()
        try await stack.waitForProgress(of: running)
        let body: JSONValue = ["shot": "SHOT-020", "function": "noop", "parameters": [:]]
        let answered = Watched<[Int: String]>([:])
        for round in 0..<2 {
            let keys = (0..<30).map { round * 30 + $0 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys {
                    group.addTask {
                        // Most are cut off in the middle, and what became of them is not known to their senders.
                        let answer = try? await stack.api.post(
                            "/api/v1/projects/film/jobs", body, headers: ["Idempotency-Key": "key-\(key)"])
                        guard answer?.status == 202, let id = answer?.json["id"]?.stringValue else { return }
                        answered.update { $0[key] = id }
                    }
                }
                group.addTask {
                    _ = try await answered.wait("some are answered") { $0.count > round * 30 + 3 ? true : nil }
                    let gateway = await stack.gateway
                    gateway.send(SIGKILL)
                    try await gateway.exit()
                }
                try await group.waitForAll()
            }
            try await stack.restartGateway()
            for key in keys {
                let again = try await stack.api.post(
                    "/api/v1/projects/film/jobs", body, headers: ["Idempotency-Key": "key-\(key)"])
                #expect(again.status == 202, "\(again.text)")
                let id = try #require(again.json["id"]?.stringValue)
                let first = answered.update { known in
                    defer { known[key] = id }
                    return known[key]
                }
                #expect(first == nil || first == id, "a promise is kept with the same job")
            }
        }
        try await stack.untilSQL("SELECT count(*) FROM jobs WHERE function = 'noop' AND state = 'succeeded'", is: "60")
        try await stack.wait(for: running, toBe: "succeeded")
        #expect(try await stack.outcomes(of: running) == ["succeeded"])
        #expect(try await stack.sql("SELECT count(*), count(DISTINCT id) FROM jobs") == ["61|61"])
        #expect(Set(answered.value.values).count == 60)
        try await stack.expectSound()
        try await stack.stop()
    }
}
