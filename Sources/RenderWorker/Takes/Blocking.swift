/// Runs file work on a thread of its own, never on the cooperative pool: there a few slow disks would stop the heartbeat.
enum Blocking {
    /// Runs a piece of work. It is not interrupted when the task is cancelled.
    ///
    /// - Parameter body: The work.
    /// - Returns: What it returned.
    /// - Throws: What it threw, or ``ChildNotStarted`` where the system has no thread to give.
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try DedicatedThread.start { continuation.resume(with: Swift.Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
