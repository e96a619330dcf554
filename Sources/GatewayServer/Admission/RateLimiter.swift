import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import Synchronization

/// How often a user may ask: a bucket each, which fills at the rate and holds a burst. In this gateway's memory only.
final class RateLimiter: Sendable {
    /// What the limiter says to a request.
    struct Verdict: Sendable, Hashable {
        /// Requests the bucket holds.
        let limit: Int
        /// Requests that may follow at once.
        let remaining: Int
        /// Seconds until the bucket is full again, or, where refused, until the next request may come; at least 1.
        let resetSeconds: Int
        /// Whether the request may go on.
        let isAllowed: Bool
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: Duration
    }

    private let rate: Double
    private let burst: Double
    private let elapsed: @Sendable () -> Duration
    private let buckets = Mutex<[UserID: Bucket]>([:])
    /// Beyond so many users full buckets are forgotten: a full one is as good as none.
    private let userLimit = 10_000

    /// A limiter.
    ///
    /// - Parameters:
    ///   - requestsPerSecond: The average a user may keep up; 0 is no limit.
    ///   - burst: How many may come at once; default what two seconds allow.
    ///   - elapsed: A clock that only goes forward; default the continuous clock.
    init(requestsPerSecond: Int, burst: Int? = nil, elapsed: (@Sendable () -> Duration)? = nil) {
        rate = Double(max(0, requestsPerSecond))
        self.burst = Double(max(1, burst ?? requestsPerSecond * 2))
        if let elapsed {
            self.elapsed = elapsed
        } else {
            let start = ContinuousClock.now
            self.elapsed = { ContinuousClock.now - start }
        }
    }

    /// Counts a request; nil where there is no limit.
    func admit(_ user: UserID) -> Verdict? {
        guard rate > 0 else { return nil }
        let now = elapsed()
        return buckets.withLock { buckets in
            if buckets.count >= userLimit, buckets[user] == nil {
                buckets = buckets.filter { filled($0.value, at: now) < burst }
            }
            var bucket = buckets[user] ?? Bucket(tokens: burst, filledAt: now)
            bucket = Bucket(tokens: filled(bucket, at: now), filledAt: now)
            let isAllowed = bucket.tokens >= 1
            if isAllowed { bucket.tokens -= 1 }
            buckets[user] = bucket
            let missing = isAllowed ? burst - bucket.tokens : 1 - bucket.tokens
            return Verdict(
                limit: Int(burst), remaining: Int(bucket.tokens),
                resetSeconds: max(1, Int((missing / rate).rounded(.up))),
                isAllowed: isAllowed)
        }
    }

    private func filled(_ bucket: Bucket, at now: Duration) -> Double {
        let (seconds, attoseconds) = (now - bucket.filledAt).components
        return min(burst, bucket.tokens + (Double(seconds) + Double(attoseconds) / 1e18) * rate)
    }
}

extension RateLimiter.Verdict {
    /// Throws `rate-limited` (429) where the request may not go on.
    func throwIfRefused() throws(StudioError) {
        guard !isAllowed else { return }
        throw StudioError(.rateLimited, "more requests than \(limit) at a time", retryAfterSeconds: resetSeconds)
    }

    /// Tells the client where it stands.
    func addHeaders(to response: inout Response) {
        response.headers[.init(known: "ratelimit-limit")] = String(limit)
        response.headers[.init(known: "ratelimit-remaining")] = String(remaining)
        response.headers[.init(known: "ratelimit-reset")] = String(resetSeconds)
    }
}
