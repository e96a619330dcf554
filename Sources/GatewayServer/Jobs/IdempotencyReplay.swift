import StudioPostgres

/// Looks up the first answer of a repeated request without claiming its key.
struct IdempotencyReplay: Sendable {
    private let database: Database
    private let store: IdempotencyStore

    init(database: Database) {
        self.database = database
        store = IdempotencyStore(database)
    }

    /// The answer the key was given first; nil where the key is new or not answered yet.
    ///
    /// - Throws: `StudioError` with code `idempotency-mismatch` where the key came with another request; `PostgresError`.
    func find(_ claim: IdempotencyRequest) async throws -> IdempotentAnswer? {
        let found = try await database.withConnection { [store] in try store.firstAnswers(to: [claim], on: $0) }
        switch found[claim] {
        case .replay(let answer)?: return answer
        case .mismatch?: throw IdempotentRoute.mismatch
        case .fresh?, .inProgress?, nil: return nil
        }
    }
}
