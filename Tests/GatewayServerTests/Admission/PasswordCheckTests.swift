import StudioCore
import StudioSystem
import Testing

@testable import GatewayServer

@Suite("Checking passwords") struct PasswordCheckTests {
    @Test func knowsItsOwnHashesAndNobodysElse() async throws {
        let check = PasswordCheck(threads: 1)
        let hash = try await check.hash("a password")
        #expect(try await check.matches("a password", hash: hash))
        #expect(try await !check.matches("another", hash: hash))
        #expect(try await !check.matches("a password", hash: nil))
        #expect(try await !check.matches("a password", hash: "not a hash"))
    }

    @Test func letsOnlySoManyWait() async throws {
        let check = PasswordCheck(threads: 1, queueLimit: 1)
        let refused = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        _ = try await check.matches("x", hash: nil)
                        return false
                    } catch let error as StudioError {
                        #expect(error.code == .unavailable)
                        #expect(error.retryAfterSeconds == 1)
                        return true
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect((1...18).contains(refused))
        // Those who were refused left no trace: there is room again.
        #expect(try await !check.matches("x", hash: nil))
    }
}
