import Logging
import StudioPostgres
import StudioSystem

extension PostgresError {
    /// Whether the same call may go well later: the server is away, busy, or the answer to the commit was lost. Every
    /// call of the worker is fenced, so that saying it twice does it once.
    var isTransient: Bool {
        switch code {
        case .unavailable, .overloaded, .commitUnknown, .serializationFailure, .deadlock, .timeout, .diskFull,
            .readOnly:
            true
        case .uniqueViolation, .checkViolation, .foreignKeyViolation, .cancelled, .invalidValue, .decoding, .server:
            false
        }
    }
}

/// Says something to PostgreSQL again and again while it is away, with growing pauses. What a worker has to write down
/// (an end, a take) must not be lost because the database was restarted.
struct DatabasePatience: Sendable {
    var firstPause = Duration.milliseconds(100)
    var longestPause = Duration.seconds(2)
    var logger: Logger

    /// Tries until it goes well, fails for good, or is not wanted any more.
    ///
    /// - Parameters:
    ///   - what: What is being done, for the log.
    ///   - isWanted: Looked at before every further try.
    ///   - body: The call.
    /// - Returns: What the call returned.
    /// - Throws: What the call threw last.
    func persist<Result: Sendable>(
        _ what: String, while isWanted: @Sendable () -> Bool = { true }, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        var pause = firstPause
        while true {
            do {
                return try await body()
            } catch let error as PostgresError where error.isTransient && isWanted() {
                logger.warning("\(what) waits for PostgreSQL", metadata: [LogKey.error: "\(error)"])
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, longestPause)
        }
    }
}
