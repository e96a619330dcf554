/// A job as the database has it when all is over.
struct Ending: Sendable {
    let id: String
    let token: String
    let member: String
    let state: String
    let failure: String
    let credits: Int
    let takes: Int
    let lostAttempts: Int
    let brokenUpstream: Int

    /// Every job there is.
    static func all(_ studio: ChaosStudio) async throws -> [Ending] {
        try await studio.rows(
            """
            SELECT j.id, coalesce(j.parameters->>'prompt', j.shot), u.email, j.state, coalesce(j.failure->>'code', ''),
                j.credits, (SELECT count(*) FROM takes t WHERE t.job_id = j.id AND t.published_at IS NOT NULL),
                (SELECT count(*) FROM job_attempts a WHERE a.job_id = j.id
                    AND (a.outcome = 'lost' OR a.failure->>'code' = 'worker-lost')),
                (SELECT count(*) FROM job_dependencies d JOIN events e ON e.job_id = d.depends_on
                    WHERE d.job_id = j.id AND e.payload->>'state' IN ('failed', 'cancelled'))
            FROM jobs j JOIN users u ON u.id = j.user_id
            """
        ).map { row in
            Ending(
                id: row[0], token: row[1], member: row[2], state: row[3], failure: row[4], credits: Int(row[5]) ?? 0,
                takes: Int(row[6]) ?? 0, lostAttempts: Int(row[7]) ?? 0, brokenUpstream: Int(row[8]) ?? 0)
        }
    }
}
