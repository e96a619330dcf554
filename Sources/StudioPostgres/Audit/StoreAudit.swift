/// One row that breaks a rule.
package struct AuditFinding: Sendable, Hashable, CustomStringConvertible {
    /// Which rule, a stable word such as `ledger-account`.
    package var rule: String
    /// The row: `job <id>`, `user <id>`, `take <id>`.
    package var subject: String
    /// What is and what should be.
    package var detail: String

    package init(rule: String, subject: String, detail: String) {
        self.rule = rule
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(rule): \(subject): \(detail)" }
}

/// What must hold in the studio's rows whatever happened; each broken rule is named with its row.
///
/// What constraints already hold (one take per job, no number twice, one hold a round) is not asked again. Whether queued
/// jobs are in Redis, and takes on disk and in Git, is for those who can see them: `RunwayStore.standing` and `TakeStore.list`.
package struct StoreAudit: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Looks for rows that break a rule, in one snapshot.
    ///
    /// - Parameter limit: How many findings a rule gives at most; default 100.
    /// - Returns: The findings; none when all is well.
    /// - Throws: `PostgresError`.
    package func run(limit: Int = 100) async throws -> [AuditFinding] {
        try await database.transaction { connection in
            try connection.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return try AuditRule.all.flatMap { rule in
                try connection.query(rule.sql + "\nORDER BY 1 LIMIT $1", [.int(limit)]).map { row in
                    AuditFinding(
                        rule: rule.name, subject: try row.decode("subject"), detail: try row.decode("detail"))
                }
            }
        }
    }
}
