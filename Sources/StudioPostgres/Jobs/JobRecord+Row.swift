import FoundationEssentials
import QueueProtocol
import StudioCore

extension JobRecord {
    /// What `init(_ row:)` reads, from `jobs j`, `projects p` and `function_revisions r`.
    static let columns = """
        j.id, j.tenant_id, j.project_id, p.name AS project_name, j.user_id, j.shot, j.version, j.destination,
        j.target_path, j.replaces, j.function,
        r.version AS function_version, j.parameters, j.inputs, j.quality, j.queue, j.priority, j.max_attempts,
        j.timeout_seconds, j.not_before, j.state, j.attempt, j.counted_attempts, j.round, j.worker_id,
        j.cancel_requested_at, j.held_at, j.preview_job, j.part_of, j.approved_at, j.place, j.failure, j.credits, j.request_id, j.traceparent, j.created_at, j.queued_at,
        j.pushed_at, j.started_at, j.finished_at,
        ARRAY(SELECT d.depends_on FROM job_dependencies d WHERE d.job_id = j.id ORDER BY d.depends_on) AS depends_on,
        (SELECT t.id FROM takes t WHERE t.job_id = j.id AND t.published_at IS NOT NULL) AS take_id
        """

    /// The tables that `columns` are read from.
    static let tables = """
        jobs j JOIN projects p ON p.id = j.project_id JOIN function_revisions r ON r.digest = j.function_revision
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        project = try row.decode("project_id")
        projectName = try row.decode("project_name")
        user = try row.decode("user_id")
        shot = try row.decode("shot")
        version = try row.decode("version")
        destination = try row.destination()
        function = try row.decode("function")
        functionVersion = try row.decode("function_version")
        parameters = try row.decode("parameters")
        inputs = try row.texts("inputs")
        quality = try row.word("quality")
        queue = try row.decode("queue")
        priority = try row.decode("priority")
        maxAttempts = try row.decode("max_attempts")
        timeoutSeconds = try row.decode("timeout_seconds")
        notBefore = try row.decode("not_before")
        state = try row.word("state")
        attempt = try row.decode("attempt")
        countedAttempts = try row.decode("counted_attempts")
        round = try row.decode("round")
        worker = try row.decode("worker_id")
        cancelRequestedAt = try row.decode("cancel_requested_at")
        place = try row.decode("place")
        heldAt = try row.decode("held_at")
        previewJob = try row.decode("preview_job")
        partOf = try row.decode("part_of")
        approvedAt = try row.decode("approved_at")
        failure = try row.document("failure")
        credits = try row.decode("credits")
        requestID = try row.decode("request_id")
        traceparent = try row.decode("traceparent")
        createdAt = try row.decode("created_at")
        queuedAt = try row.decode("queued_at")
        pushedAt = try row.decode("pushed_at")
        startedAt = try row.decode("started_at")
        finishedAt = try row.decode("finished_at")
        dependsOn = try row.decode("depends_on")
        take = try row.decode("take_id")
    }
}

extension PostgresRow {
    /// Where a job's files go, from the columns `destination`, `target_path` and `replaces`.
    func destination() throws(PostgresError) -> JobDestination {
        let found = JobDestination(
            kind: try word("destination"), path: try decode("target_path"), replaces: try decode("replaces"))
        guard let found else { throw PostgresError(.decoding, operatorDetail: "destination") }
        return found
    }
}

extension JobAttempt {
    /// What `init(_ row:)` reads, from `job_attempts`.
    static let columns = "attempt, worker_id, worker_name, started_at, finished_at, outcome, failure"

    init(_ row: PostgresRow) throws(PostgresError) {
        attempt = try row.decode("attempt")
        worker = try row.decode("worker_id")
        workerName = try row.decode("worker_name")
        startedAt = try row.decode("started_at")
        finishedAt = try row.decode("finished_at")
        outcome = try row.decode("outcome", as: String?.self).flatMap(Outcome.init(rawValue:))
        failure = try row.document("failure")
    }
}

extension JobStore {
    static let missing = StudioError(.notFound, "there is no such job")

    /// The job as it stands inside the caller's transaction.
    func record(_ id: JobID, on connection: PostgresConnection) throws -> JobRecord {
        guard let row = try connection.query(SQL.one, [.id(id), .null]).first else { throw Self.missing }
        return try JobRecord(row)
    }

    enum SQL {
        static let one = """
            SELECT \(JobRecord.columns) FROM \(JobRecord.tables)
            WHERE j.id = $1 AND ($2::uuid IS NULL OR j.tenant_id = $2)
            """
    }
}
