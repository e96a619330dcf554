import StudioPostgres

/// Looks up the first answer of a repeated request without claiming its key.
struct IdempotencyReplay: Sendable {
    private let database: Database
    private let store: IdempotencyStore

    init(database: Database) {
        self.database = database
        store = IdempotencyStore(database)
    }

    private struct NotAnswered: Error {}

    /// The answer the key was given first; nil where the key is new or not answered yet.
    ///
    /// The claim is made in a transaction that is rolled back unless it found an answer.
    ///
    /// - Throws: `StudioError` with code `idempotency-mismatch` where the key came with another request; `PostgresError`.
    func find(_ claim: IdempotencyRequest) async throws -> IdempotentAnswer? {
        do {
            return try await database.transaction { [store] connection in
                switch try store.claim(claim, on: connection) {
                case .replay(let answer): return answer
                case .mismatch: throw IdempotentRoute.mismatch
                case .fresh, .inProgress: throw NotAnswered()
                }
            }
        } catch is NotAnswered {
            return nil
        }
    }
}
