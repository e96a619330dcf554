package import QueueProtocol
package import StudioCore

/// Which jobs of a tenant.
package struct TenantJobFilter: Sendable, Hashable {
    /// In these states; nil is all.
    package var states: Set<JobState>?
    /// Of this function; nil is all.
    package var function: String?
    /// That this user submitted; nil is everybody.
    package var user: UserID?

    package init(states: Set<JobState>? = nil, function: String? = nil, user: UserID? = nil) {
        self.states = states
        self.function = function
        self.user = user
    }
}

/// The jobs of all of a tenant's projects.
extension JobStore {
    /// A tenant's jobs, newest first.
    ///
    /// However many there are, it looks at a page of each state: states are read from their indexes and merged. What has not
    /// ended is filtered as it is read, and is as much as the backlog.
    ///
    /// - Parameters:
    ///   - tenant: Whose.
    ///   - filter: Which; default all.
    ///   - limit: How many at most; default 50.
    ///   - before: The last id of the page before; default the first page.
    /// - Returns: The jobs.
    /// - Throws: `PostgresError`.
    package func list(
        tenant: TenantID, filter: TenantJobFilter = TenantJobFilter(), limit: Int = 50, before: JobID? = nil
    ) async throws -> [JobRecord] {
        let states = filter.states ?? Set(JobState.allCases)
        let words = { (isFinished: Bool) in states.filter { $0.isFinished == isFinished }.map(\.rawValue).sorted() }
        let parameters: [PostgresParameter] = [
            .id(tenant), .texts(words(false)), .texts(words(true)), .id(before), .int(limit),
            .text(filter.function), .id(filter.user),
        ]
        return try await database.withConnection { connection in
            try connection.query(Self.tenantList(filter), parameters).map { try JobRecord($0) }
        }
    }

    /// The statement of a list. What is not asked for is left out, so that each filter is read by the index that fits it.
    static func tenantList(_ filter: TenantJobFilter) -> String {
        // The parameters of what is left out are named all the same: a statement must know the type of each.
        let filters =
            (filter.function == nil ? "" : " AND j.function = $6") + (filter.user == nil ? "" : " AND j.user_id = $7")
        func newest(_ states: String, _ ended: String) -> String {
            """
            SELECT c.id FROM unnest(\(states)::text[]) AS s (state), LATERAL (
                SELECT j.id FROM jobs j
                WHERE j.tenant_id = $1 AND j.state = s.state AND j.finished_at \(ended)
                  AND j.id < coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')\(filters)
                ORDER BY j.id DESC LIMIT $5
            ) c
            """
        }
        return """
            WITH chosen AS (
                \(newest("$2", "IS NULL"))
                UNION ALL
                \(newest("$3", "IS NOT NULL"))
                ORDER BY 1 DESC LIMIT $5
            )
            SELECT \(JobRecord.columns) FROM \(JobRecord.tables)
            WHERE j.id IN (SELECT id FROM chosen) AND ($6::text IS NULL OR true) AND ($7::uuid IS NULL OR true)
            ORDER BY j.id DESC
            """
    }
}
