import FoundationEssentials
import QueueProtocol
import StudioCore

/// What a run comes to inside the transaction that admits it: which of its nodes are made, under locks that keep it true
/// until the commit. Runs of one tenant are decided one after the other.
struct RunDecision {
    let run: NewRun
    let assignment: RunAssignment
    /// Those that have to be made.
    let jobs: [NewJob]
    /// Why it cannot go on; nil where it can.
    let refusal: StudioError?
    /// Whether an earlier try, whose answer was lost, has admitted it.
    let isKnown: Bool

    /// Decides.
    ///
    /// - Throws: `PostgresError`.
    init(_ run: NewRun, on connection: PostgresConnection) throws {
        self.run = run
        try connection.execute(SQL.lockTenant, [.text("canvas runs of \(run.tenant)")])
        let state: String? = try connection.query(SQL.state, [.id(run.id), .id(run.tenant)]).first?.decode("state")
        let keys = Set(run.nodes.map(\.key)).sorted()
        // A statement of its own, as are the next: each looks anew after the locks before it are held.
        try connection.execute(SQL.lockResults, [.id(run.tenant), .texts(keys)])
        // What is under way does not end before the run that waits for it can be seen.
        try connection.execute(SQL.lockJobs, [.id(run.tenant), .texts(keys)])
        let standings = try CanvasResultStore.standings(
            of: keys, tenant: run.tenant, project: run.project, on: connection)
        // What this very request began in a commit whose answer was lost.
        let hasBegun = run.nodes.contains { standings[$0.key]?.job == $0.job.id }
        isKnown = run.isResumed ? hasBegun : state != nil
        refusal = run.isResumed && !hasBegun ? Self.refusal(toResume: state) : nil
        assignment = RunAssignment(run.nodes, standings: standings)
        jobs = assignment.jobs(of: run.nodes, run: run.id)
    }

    private static func refusal(toResume state: String?) -> StudioError? {
        switch state {
        case nil: StudioError(.notFound, "there is no such run")
        case "failed"?, "cancelled"?: nil
        case let other?:
            StudioError(.conflict, "only a failed or cancelled run can be resumed, and this one is \(other)")
        }
    }

    /// How many nodes are still to be waited for as it begins.
    var openNodes: Int { assignment.shares.count { $0.origin != .cached } }

    /// What its sender is told.
    func admitted(_ jobs: [AdmittedJob], at date: Date) -> AdmittedRun {
        let made = Dictionary(jobs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let nodes = zip(run.nodes, assignment.shares).map { node, share in
            let job = share.origin == .made ? share.job.flatMap { made[$0] } : nil
            let state: JobState? =
                switch share.origin {
                case .made: job?.state ?? .waiting
                case .cached: share.job == nil ? nil : .succeeded
                case .shared: .waiting
                }
            return AdmittedRun.Node(
                node: node.node, index: node.index, key: node.key, origin: share.origin, job: share.job,
                function: node.job.function, credits: job?.credits ?? 0, state: state)
        }
        return AdmittedRun(id: run.id, canvas: run.canvas, createdAt: date, nodes: nodes, jobs: jobs)
    }

    private enum SQL {
        static let lockTenant = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
        static let state = "SELECT state FROM canvas_runs WHERE id = $1 AND tenant_id = $2"
        static let lockResults = """
            SELECT FROM canvas_results WHERE tenant_id = $1 AND key = ANY ($2) ORDER BY key FOR UPDATE
            """
        static let lockJobs = """
            SELECT FROM jobs WHERE id IN (SELECT job_id FROM canvas_results WHERE tenant_id = $1 AND key = ANY ($2))
                AND finished_at IS NULL
            ORDER BY id FOR SHARE
            """
    }
}
