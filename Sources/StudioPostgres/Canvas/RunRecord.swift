package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A run of a canvas as it stands.
package struct RunRecord: Sendable, Hashable {
    /// How far a run is.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// Some of its nodes are not finished.
        case running
        /// All of them are, and well.
        case succeeded
        /// All of them are, and not all well.
        case failed
        /// Somebody cancelled it.
        case cancelled
    }

    package var id: RunID
    package var tenant: TenantID
    package var project: ProjectID
    package var projectName: String
    package var user: UserID
    package var canvas: String
    /// SHA-256 of the canvas' text as it was run.
    package var documentDigest: String
    /// The saved version that it is; nil for one that was not saved.
    package var etag: String?
    package var commit: String?
    package var asked: JSONValue
    package var credits: Int
    package var state: State
    package var nodes: Int
    package var openNodes: Int
    package var failedNodes: Int
    package var createdAt: Date
    package var finishedAt: Date?
    package var cancelledAt: Date?
}

/// One node of a run as it stands.
package struct RunNodeRecord: Sendable, Hashable {
    package var node: String
    package var index: Int?
    package var key: String
    package var function: String
    package var functionVersion: String
    package var origin: RunNodeOrigin
    /// Whether a cancel of the run left its job to others.
    package var isLeft: Bool
    /// The job that makes or made it; nil where its file is gone and nothing needs it.
    package var job: JobID?
    package var state: JobState?
    /// What the run holds or has paid for it; 0 where it made nothing.
    package var credits: Int
    package var failure: JobFailure?
    package var startedAt: Date?
    package var finishedAt: Date?
    /// The take that it is published as.
    package var take: TakeID?
    /// The primary file, where it is no take's media and is there; below the folder of its project.
    package var file: String?
    /// The project in whose folder it is, by name.
    package var fileProject: String?
}

extension RunRecord {
    /// What `init(_ row:)` reads, from `canvas_runs r` and `projects p`.
    static let columns = """
        r.id, r.tenant_id, r.project_id, p.name AS project_name, r.user_id, r.canvas, r.document_digest, r.etag, r.commit_id,
        r.asked, r.credits, r.state, r.open_nodes, r.failed_nodes, r.created_at, r.finished_at, r.cancelled_at,
        (SELECT count(*) FROM canvas_run_nodes n WHERE n.run_id = r.id) AS nodes
        """
    static let tables = "canvas_runs r JOIN projects p ON p.id = r.project_id"

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        project = try row.decode("project_id")
        projectName = try row.decode("project_name")
        user = try row.decode("user_id")
        canvas = try row.decode("canvas")
        documentDigest = try row.decode("document_digest")
        etag = try row.decode("etag")
        commit = try row.decode("commit_id")
        asked = try row.decode("asked")
        credits = try row.decode("credits")
        state = try row.word("state")
        nodes = try row.decode("nodes")
        openNodes = try row.decode("open_nodes")
        failedNodes = try row.decode("failed_nodes")
        createdAt = try row.decode("created_at")
        finishedAt = try row.decode("finished_at")
        cancelledAt = try row.decode("cancelled_at")
    }
}

extension RunNodeRecord {
    init(_ row: PostgresRow) throws(PostgresError) {
        node = try row.decode("node")
        index = try row.decode("index")
        key = try row.decode("key")
        function = try row.decode("function")
        functionVersion = try row.decode("function_version")
        origin = try row.word("origin")
        isLeft = try row.decode("is_left")
        job = try row.decode("job_id")
        state = try row.decode("state", as: String?.self).flatMap(JobState.init(rawValue:))
        credits = try row.decode("credits")
        failure = try row.document("failure")
        startedAt = try row.decode("started_at")
        finishedAt = try row.decode("finished_at")
        take = try row.decode("take_id")
        file = try row.decode("path")
        fileProject = try row.decode("file_project")
    }
}
