package import QueueProtocol
import StudioCore

/// The runs of canvases: reading them, and what people ask of one that is there. `AdmissionUnit.run` begins one.
package struct RunStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// A run; nil where there is none, or it is another tenant's.
    package func get(_ id: RunID, tenant: TenantID? = nil) async throws -> RunRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.one, [.id(id), .id(tenant)]).first.map { try RunRecord($0) }
        }
    }

    /// A project's runs, newest first.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - canvas: Only this canvas'; default all.
    ///   - limit: How many at most.
    ///   - before: The last id of the page before.
    /// - Returns: The runs.
    /// - Throws: `PostgresError`.
    package func list(
        project: ProjectID, canvas: String? = nil, limit: Int = 50, before: RunID? = nil
    ) async throws -> [RunRecord] {
        let parameters: [PostgresParameter] = [.id(project), .text(canvas), .id(before), .int(limit)]
        return try await database.withConnection { connection in
            try connection.query(SQL.list, parameters).map { try RunRecord($0) }
        }
    }

    /// All nodes of a run, in the order in which they depend on each other.
    package func nodes(of run: RunID) async throws -> [RunNodeRecord] {
        try await database.withConnection { connection in
            try connection.query(SQL.nodes, [.id(run)]).map { try RunNodeRecord($0) }
        }
    }

    /// The text of a canvas that was run.
    ///
    /// - Parameter digest: Its SHA-256 in hexadecimal.
    /// - Returns: The text; nil where there is none.
    /// - Throws: `PostgresError`.
    package func document(_ digest: String) async throws -> String? {
        try await database.withConnection { connection in
            try connection.query(SQL.document, [.text(digest)]).first.map { try $0.decode("document") }
        }
    }

    /// The run that published a take, and the node it is of.
    ///
    /// - Parameter job: The take's job.
    /// - Returns: The run and the node; nil where no run made it.
    /// - Throws: `PostgresError`.
    package func maker(of job: JobID) async throws -> (run: RunRecord, place: RunPlace)? {
        try await database.withConnection { connection in
            guard let row = try connection.query(SQL.maker, [.id(job)]).first else { return nil }
            let run = try RunRecord(row)
            return (run, RunPlace(run: run.id, node: try row.decode("run_node"), index: try row.decode("run_index")))
        }
    }

    /// The manifests of the functions that a run was made with, by their digests.
    package func functions(of run: RunID) async throws -> [String: JSONValue] {
        try await database.withConnection { connection in
            var found: [String: JSONValue] = [:]
            for row in try connection.query(SQL.functions, [.id(run)]) {
                found[try row.decode("digest")] = try row.decode("manifest")
            }
            return found
        }
    }

    /// The nodes of a run to be run again as they were planned.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - user: Who asks, and pays for what is made.
    /// - Returns: The nodes, with new jobs.
    /// - Throws: `PostgresError`.
    package func plan(of run: RunRecord, user: UserID) async throws -> [NewRunNode] {
        try await database.withConnection { connection in
            try connection.query(SQL.plans, [.id(run.id)]).map { row in
                guard let plan: RunNodePlan = try row.document("plan") else {
                    throw PostgresError(.decoding, operatorDetail: "a run's node has no plan")
                }
                return try plan.node(
                    row.decode("node"), index: row.decode("index"), key: row.decode("key"), of: run, user: user)
            }
        }
    }

    private enum SQL {
        static let one = """
            SELECT \(RunRecord.columns) FROM \(RunRecord.tables) WHERE r.id = $1 AND ($2::uuid IS NULL OR r.tenant_id = $2)
            """
        static let list = """
            SELECT \(RunRecord.columns) FROM \(RunRecord.tables)
            WHERE r.project_id = $1 AND ($2::text IS NULL OR r.canvas = $2) AND ($3::uuid IS NULL OR r.id < $3)
            ORDER BY r.id DESC LIMIT $4
            """
        static let nodes = """
            SELECT n.node, n.index, n.key, n.plan ->> 'function' AS function, n.plan ->> 'version' AS function_version,
                   n.origin, n.is_left, n.job_id, j.state, j.failure, j.started_at, j.finished_at,
                   CASE WHEN n.origin = 'made' THEN j.credits ELSE 0 END AS credits,
                   t.id AS take_id, f.path, q.name AS file_project
            FROM (SELECT * FROM canvas_run_nodes WHERE run_id = $1 ORDER BY position) n
            LEFT JOIN LATERAL (SELECT * FROM jobs WHERE id = n.job_id OFFSET 0) j ON true
            LEFT JOIN LATERAL (SELECT id FROM takes WHERE job_id = n.job_id AND published_at IS NOT NULL OFFSET 0) t
                ON true
            LEFT JOIN LATERAL (SELECT path, project_id, published_at, removed_at FROM job_files
                WHERE job_id = n.job_id AND is_primary OFFSET 0) f
                ON f.published_at IS NOT NULL AND f.removed_at IS NULL
            LEFT JOIN LATERAL (SELECT name FROM projects WHERE id = f.project_id OFFSET 0) q ON true
            ORDER BY n.position
            """
        static let document = "SELECT document FROM canvas_documents WHERE digest = $1"
        static let maker = """
            SELECT \(RunRecord.columns), j.run_node, j.run_index
            FROM jobs j JOIN canvas_runs r ON r.id = j.run_id JOIN projects p ON p.id = r.project_id WHERE j.id = $1
            """
        static let functions = """
            SELECT digest, manifest FROM function_revisions
            WHERE digest IN (SELECT DISTINCT plan ->> 'digest' FROM canvas_run_nodes WHERE run_id = $1)
            """
        static let plans = """
            SELECT node, index, key, plan FROM canvas_run_nodes WHERE run_id = $1 ORDER BY position
            """
    }
}
