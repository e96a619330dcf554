import QueueProtocol
import StudioCore

extension AdmissionBatch {
    /// Writes what was decided: a statement for each table, however many jobs.
    ///
    /// - Parameters:
    ///   - knownRevisions: Digests of function revisions that are known to be there.
    ///   - connection: The transaction.
    /// - Returns: Digests of the revisions that are there once this is committed.
    /// - Throws: `PostgresError`.
    func write(knownRevisions: Set<String>, on connection: PostgresConnection) throws -> Set<String> {
        let revisions = try writeRevisions(except: knownRevisions, on: connection)
        if !accepted.isEmpty { try connection.execute(SQL.jobs, try jobColumns()) }
        let dependencies = accepted.flatMap { entry in entry.dependsOn.map { (job: entry.job.id, on: $0) } }
        if !dependencies.isEmpty {
            try connection.execute(SQL.dependencies, [.ids(dependencies.map(\.job)), .ids(dependencies.map(\.on))])
        }
        if !answered.isEmpty { try writeAnswers(on: connection) }
        if !released.isEmpty {
            try connection.execute(SQL.release, [.ids(released.map(\.user)), .texts(released.map(\.key))])
        }
        return revisions
    }

    private func writeRevisions(except known: Set<String>, on connection: PostgresConnection) throws -> Set<String> {
        var added: Set<String> = []
        for job in accepted.map(\.job) where !known.contains(job.functionDigest) {
            guard added.insert(job.functionDigest).inserted else { continue }
            try connection.execute(
                SQL.revision,
                [.text(job.functionDigest), .text(job.function), .text(job.functionVersion), try .json(job.manifest)])
        }
        return added
    }

    private func writeAnswers(on connection: PostgresConnection) throws {
        try connection.execute(
            SQL.answers,
            [
                .ids(answered.map(\.request.user)), .texts(answered.map(\.request.key)),
                .ints(answered.map(\.answer.status)),
                .texts(try answered.map { try JSONText.string($0.answer.headers) }),
                .texts(answered.map(\.answer.body)),
            ])
    }

    private func jobColumns() throws -> [PostgresParameter] {
        let jobs = accepted.map(\.job)
        return [
            .ids(jobs.map(\.id)), .ids(jobs.map(\.tenant)), .ids(jobs.map(\.project)), .ids(jobs.map(\.user)),
            .texts(jobs.map(\.shot.text)), .ints(jobs.map(\.version)), .texts(jobs.map(\.function)),
            .texts(jobs.map(\.functionDigest)), .texts(try jobs.map { try Self.json($0.parameters) }),
            .texts(try jobs.map { $0.inputs.isEmpty ? "{}" : try Self.json($0.inputs) }),
            .texts(jobs.map(\.quality.rawValue)), .texts(jobs.map(\.queue)), .ints(jobs.map(\.priority)),
            .ints(jobs.map(\.maxAttempts)), .ints(jobs.map(\.timeoutSeconds)),
            .optionalTexts(jobs.map { $0.notBefore.map(Timestamp.text) }),
            .texts(accepted.map(\.state.rawValue)), .ints(jobs.map(\.credits)), .optionalTexts(jobs.map(\.requestID)),
            .optionalTexts(jobs.map(\.traceparent)),
        ]
    }

    private static func json(_ value: some Encodable) throws(PostgresError) -> String {
        do {
            return try JSONText.string(value)
        } catch {
            throw PostgresError(.invalidValue, operatorDetail: "a value cannot be written as JSON")
        }
    }

    private enum SQL {
        static let revision = """
            INSERT INTO function_revisions (digest, name, version, manifest) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """
        static let jobs = """
            WITH j AS (
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision,
                    parameters, inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state,
                    credits, request_id, traceparent, queued_at)
                SELECT a.*, CASE WHEN a.state = 'queued' THEN now() END
                FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::text[],
                    $8::text[], $9::jsonb[], $10::jsonb[], $11::text[], $12::text[], $13::smallint[], $14::integer[],
                    $15::integer[], $16::timestamptz[], $17::text[], $18::bigint[], $19::text[], $20::text[])
                    AS a (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state, credits,
                    request_id, traceparent)
                RETURNING id, user_id, round, credits
            )
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'hold', credits FROM j WHERE credits > 0
            """
        static let dependencies = """
            INSERT INTO job_dependencies (job_id, depends_on) SELECT * FROM unnest($1::uuid[], $2::uuid[])
            """
        static let answers = """
            UPDATE idempotency_keys k SET status = a.status, headers = a.headers, body = a.body
            FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::jsonb[], $5::text[])
                AS a (user_id, key, status, headers, body)
            WHERE k.user_id = a.user_id AND k.key = a.key
            """
        static let release = """
            DELETE FROM idempotency_keys k USING unnest($1::uuid[], $2::text[]) AS a (user_id, key)
            WHERE k.user_id = a.user_id AND k.key = a.key AND k.status IS NULL
            """
    }
}
