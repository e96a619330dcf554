import StudioPostgres

/// Makes a call, again and again for as long as it is refused for want of room in the queue: who looks whether the queue is
/// full may be in it first.
///
/// - Parameter call: The call.
/// - Throws: What the call threw, but for that refusal; `CancellationError`.
func untilAdmitted(_ call: () async throws -> Void) async throws {
    while true {
        do {
            return try await call()
        } catch let error as PostgresError where error.code == .overloaded {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
