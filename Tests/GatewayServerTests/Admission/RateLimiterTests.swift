import QueueProtocol
import StudioCore
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The rate limit") struct RateLimiterTests {
    @Test func letsABurstThroughAndThenTheRate() throws {
        let clock = Clock()
        let limiter = RateLimiter(requestsPerSecond: 10, burst: 5, elapsed: { clock.now })
        let user = UserID()
        for left in stride(from: 4, through: 0, by: -1) {
            let verdict = try #require(limiter.admit(user))
            #expect(verdict.isAllowed)
            #expect(verdict.remaining == left)
            #expect(verdict.limit == 5)
        }
        let refused = try #require(limiter.admit(user))
        #expect(!refused.isAllowed)
        #expect(refused.resetSeconds == 1)
        #expect(throws: StudioError.self) { try refused.throwIfRefused() }
        clock.advance(.milliseconds(100))
        #expect(limiter.admit(user)?.isAllowed == true)
        #expect(limiter.admit(user)?.isAllowed == false)
        clock.advance(.seconds(3600))
        #expect(limiter.admit(user)?.remaining == 4)
    }

    @Test func countsEachUserForItself() {
        let clock = Clock()
        let limiter = RateLimiter(requestsPerSecond: 1, burst: 1, elapsed: { clock.now })
        let (one, other) = (UserID(), UserID())
        #expect(limiter.admit(one)?.isAllowed == true)
        #expect(limiter.admit(one)?.isAllowed == false)
        #expect(limiter.admit(other)?.isAllowed == true)
    }

    @Test func saysNothingWithoutALimit() {
        #expect(RateLimiter(requestsPerSecond: 0).admit(UserID()) == nil)
    }

    private final class Clock: Sendable {
        private let time = Mutex(Duration.zero)
        var now: Duration { time.withLock { $0 } }
        func advance(_ by: Duration) { time.withLock { $0 += by } }
    }
}
