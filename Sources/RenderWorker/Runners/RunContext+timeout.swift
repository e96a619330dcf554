import StudioCore

extension RunContext {
    /// Does work for as long as the attempt may take.
    ///
    /// - Parameter work: The work; where it is cancelled, it has ended all that it began before it returns, and is waited
    ///   for.
    /// - Returns: What it returned.
    /// - Throws: `JobFailure` with `runner-timeout`, or what the work threw.
    func withinTimeout(_ work: @escaping @Sendable () async throws -> RunResult) async throws -> RunResult {
        let timeout = timeout
        return try await withThrowingTaskGroup(of: RunResult.self) { race in
            race.addTask { try await work() }
            race.addTask {
                try await ContinuousClock().sleep(for: timeout)
                throw JobFailure(
                    .runnerTimeout, "The work took longer than the \(timeout.components.seconds) s it may take.")
            }
            defer { race.cancelAll() }
            guard let result = try await race.next() else { throw CancellationError() }
            return result
        }
    }
}
