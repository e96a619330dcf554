import QueueProtocol
import StudioCore

extension AdmissionBatch {
    /// The texts of the canvases that are run. One whose run is not written after all harms nobody.
    func writeDocuments(on connection: PostgresConnection) throws {
        for run in acceptedRuns.map(\.decision.run) where !run.isResumed {
            try connection.execute(RunSQL.document, [.text(run.documentDigest), .text(run.document)])
        }
    }

    /// The columns of the runs, their nodes and the results that they mean.
    func runColumns() throws -> [PostgresParameter] {
        let runs = acceptedRuns.map(\.decision.run)
        var columns: [PostgresParameter] = [
            .ids(runs.map(\.id)), .ids(runs.map(\.tenant)), .ids(runs.map(\.project)), .ids(runs.map(\.user)),
            .texts(runs.map(\.canvas)), .texts(runs.map(\.documentDigest)), .optionalTexts(runs.map(\.etag)),
            .optionalTexts(runs.map(\.commit)), .texts(try runs.map { try Self.json($0.asked) }),
            .ints(acceptedRuns.map(\.admitted.credits)), .ints(acceptedRuns.map(\.decision.openNodes)),
            .bools(runs.map(\.isResumed)), .optionalTexts(acceptedRuns.map { $0.key?.user.description }),
            .optionalTexts(acceptedRuns.map { $0.key?.key }),
        ]
        var rows = NodeRows()
        for accepted in acceptedRuns { try rows.add(accepted.decision) }
        columns += rows.parameters
        return columns
    }

    private enum RunSQL {
        static let document = """
            INSERT INTO canvas_documents (digest, document) VALUES ($1, $2) ON CONFLICT DO NOTHING
            """
    }

    /// The part of the statement that writes runs, behind what writes jobs: `kept` has the keys.
    static let runs = """
        , run_rows AS (
            SELECT * FROM unnest($45::uuid[], $46::uuid[], $47::uuid[], $48::uuid[], $49::text[], $50::text[], $51::text[],
                $52::text[], $53::jsonb[], $54::bigint[], $55::integer[], $56::boolean[], $57::uuid[], $58::text[])
                AS a (id, tenant_id, project_id, user_id, canvas, document_digest, etag, commit_id, asked, credits,
                open_nodes, is_resumed, key_user, key)
            WHERE key IS NULL OR (key_user, key) IN (SELECT user_id, key FROM kept)
        ), begun AS (
            INSERT INTO canvas_runs (id, tenant_id, project_id, user_id, canvas, document_digest, etag, commit_id, asked,
                credits, open_nodes, failed_nodes)
            SELECT id, tenant_id, project_id, user_id, canvas, document_digest, etag, commit_id, asked, credits,
                open_nodes, 0 FROM run_rows WHERE NOT is_resumed
        ), resumed AS (
            UPDATE canvas_runs r SET cancelled_at = NULL, credits = r.credits + a.credits, open_nodes = a.open_nodes,
                failed_nodes = 0
            FROM run_rows a WHERE a.is_resumed AND r.id = a.id
        ), nodes AS (
            INSERT INTO canvas_run_nodes AS n (run_id, position, node, index, key, plan, job_id, origin)
            SELECT a.run_id, a.position, a.node, a.index, a.key, a.plan, a.job_id, a.origin
            FROM unnest($59::uuid[], $60::integer[], $61::text[], $62::integer[], $63::text[], $64::jsonb[], $65::uuid[],
                $66::text[]) AS a (run_id, position, node, index, key, plan, job_id, origin)
            JOIN run_rows r ON r.id = a.run_id
            -- A resumed run: what it has made itself stays made by it.
            ON CONFLICT (run_id, position) DO UPDATE SET job_id = excluded.job_id, is_left = false,
                origin = CASE WHEN n.job_id = excluded.job_id AND excluded.origin = 'cached' THEN n.origin
                    ELSE excluded.origin END
        ), results AS (
            INSERT INTO canvas_results AS c (tenant_id, key, job_id)
            SELECT r.tenant_id, a.key, a.job_id FROM unnest($67::uuid[], $68::text[], $69::uuid[]) AS a (run_id, key, job_id)
            JOIN run_rows r ON r.id = a.run_id
            ON CONFLICT (tenant_id, key) DO UPDATE SET job_id = excluded.job_id, last_used_at = now()
        )
        """
}

/// The nodes of runs as columns, for `unnest`.
private struct NodeRows {
    private var runs: [RunID] = []
    private var positions: [Int] = []
    private var nodes: [String] = []
    private var indices: [String?] = []
    private var keys: [String] = []
    private var plans: [String?] = []
    private var jobs: [String?] = []
    private var origins: [String] = []
    private var results: [(run: RunID, key: String, job: JobID)] = []

    mutating func add(_ decision: RunDecision) throws(PostgresError) {
        var seen: Set<String> = []
        for (position, (node, share)) in zip(decision.run.nodes, decision.assignment.shares).enumerated() {
            runs.append(decision.run.id)
            positions.append(position)
            nodes.append(node.node)
            indices.append(node.index.map { String($0) })
            keys.append(node.key)
            plans.append(try PostgresParameter.json(RunNodePlan(node)).text)
            jobs.append(share.job?.description)
            origins.append(share.origin.rawValue)
            if let job = share.job, seen.insert(node.key).inserted { results.append((decision.run.id, node.key, job)) }
        }
    }

    var parameters: [PostgresParameter] {
        [
            .ids(runs), .ints(positions), .texts(nodes), .optionalTexts(indices), .texts(keys), .optionalTexts(plans),
            .optionalTexts(jobs), .texts(origins), .ids(results.map(\.run)), .texts(results.map(\.key)),
            .ids(results.map(\.job)),
        ]
    }
}
