import StudioPostgres

/// The audit: what must hold in the studio whatever happened, each broken rule named with its row.
struct AuditRun: Sendable {
    let store: StoreAudit
    let messages: AuditMessages
    let takes: AuditTakes
    let files: AuditFiles

    /// Runs all of it.
    ///
    /// - Parameter deep: Whether the media is hashed too.
    /// - Returns: All that is wrong; empty when all is well.
    /// - Throws: `PostgresError`, `RedisError` where one of them is away.
    func run(deep: Bool) async throws -> [AuditFinding] {
        var findings = try await store.run()
        findings += try await messages.run()
        findings += try await takes.run(deep: deep)
        findings += try await files.run(deep: deep)
        return findings
    }
}
