import FoundationEssentials
import HTTPTypes
import QueueProtocol
import StudioCore
import StudioPostgres

/// The answer to whoever starts or resumes a run: the promise that it is committed.
struct RunReceipt: Encodable, Sendable {
    struct Made: Encodable, Sendable {
        let node: String
        let index: Int?
        let job: JobID
        let function: String
        let state: JobState
        let credits: Int
    }
    struct Cached: Encodable, Sendable {
        let node: String
        let index: Int?
        let key: String
        let job: JobID?
    }
    struct Waiting: Encodable, Sendable {
        let node: String
        let index: Int?
        let job: JobID
    }

    let id: RunID
    let project: String
    let canvas: String
    let state: RunRecord.State
    let credits: Int
    let createdAt: Date
    /// What it makes.
    let jobs: [Made]
    /// What was there.
    let cached: [Cached]
    /// What is being made for another run or another node.
    let waiting: [Waiting]

    init(_ run: AdmittedRun, project: String) {
        id = run.id
        self.project = project
        canvas = run.canvas
        state = run.isRunning ? .running : .succeeded
        credits = run.credits
        createdAt = run.createdAt
        jobs = run.nodes.compactMap { node in
            guard node.origin == .made, let job = node.job, let state = node.state else { return nil }
            return Made(
                node: node.node, index: node.index, job: job, function: node.function, state: state,
                credits: node.credits)
        }
        cached = run.nodes.filter { $0.origin == .cached }.map {
            Cached(node: $0.node, index: $0.index, key: $0.key, job: $0.job)
        }
        waiting = run.nodes.compactMap { node in
            guard node.origin == .shared, let job = node.job else { return nil }
            return Waiting(node: node.node, index: node.index, job: job)
        }
    }

    /// 202 with the receipt and the run's address; members are sorted, so that the answer kept for an idempotency key and the
    /// one given now are the same to the byte.
    var answer: JSONAnswer {
        get throws {
            JSONAnswer(
                encoded: try JSONText.compact(self, sortedKeys: true), status: .accepted,
                headers: [.location: "/api/v1/runs/\(id)"])
        }
    }
}

/// What a run would come to.
struct RunPreview: Encodable, Sendable {
    struct Made: Encodable, Sendable {
        let node: String
        let index: Int?
        let function: String
        let credits: Int
    }

    let canvas: String
    let credits: Int
    let jobs: [Made]
    let cached: [RunReceipt.Cached]
    let waiting: [RunReceipt.Waiting]
    let findings: [JSONValue]

    init(canvas: String, nodes: [NewRunNode], shares: [RunAssignment.Share], findings: [CanvasFinding]) {
        self.canvas = canvas
        let both = Array(zip(nodes, shares))
        let made = both.filter { $0.1.origin == .made }.map(\.0)
        credits = CanvasPlan.sum(made.map(\.job.credits))
        jobs = made.map {
            Made(node: $0.node, index: $0.index, function: $0.job.function, credits: $0.job.credits)
        }
        cached = both.filter { $0.1.origin == .cached }.map {
            RunReceipt.Cached(node: $0.0.node, index: $0.0.index, key: $0.0.key, job: $0.1.job)
        }
        let own = Set(made.map(\.job.id))
        waiting = both.compactMap { node, share in
            // Another node that is the same would be made with the first one's job, which has no id yet.
            guard share.origin == .shared, let job = share.job, !own.contains(job) else { return nil }
            return RunReceipt.Waiting(node: node.node, index: node.index, job: job)
        }
        self.findings = findings.map(\.json)
    }
}

/// A run as it stands.
struct RunDocument: Encodable, Sendable {
    struct Node: Encodable, Sendable {
        let node: String
        let index: Int?
        /// `cached` where its file was there, or was not needed any more; of a job that a cancel left to others, `cancelled`.
        let state: String
        let job: JobID?
        let cached: Bool
        /// Whether another run, or another node, had its job made.
        let shared: Bool
        let function: String
        let functionVersion: String
        let key: String
        let credits: Int
        let startedAt: Date?
        let finishedAt: Date?
        /// From its start to its end, in seconds.
        let seconds: Double?
        let failure: JobFailure?
        let take: TakeID?
        let file: String?
        /// The project that the file is in, where that is another one.
        let fileProject: String?

        init(_ node: RunNodeRecord, project: String) {
            self.node = node.node
            index = node.index
            state = node.isLeft ? JobState.cancelled.rawValue : (node.state ?? .succeeded).rawValue
            job = node.job
            cached = node.origin == .cached
            shared = node.origin == .shared
            function = node.function
            functionVersion = node.functionVersion
            key = node.key
            credits = node.credits
            startedAt = node.startedAt
            finishedAt = node.finishedAt
            let length = node.startedAt.flatMap { start in node.finishedAt?.timeIntervalSince(start) }
            seconds = length.map { ($0 * 1000).rounded() / 1000 }
            failure = node.failure
            take = node.take
            file = node.file
            fileProject = node.fileProject == project ? nil : node.fileProject
        }
    }

    let id: RunID
    let project: String
    let canvas: String
    let state: RunRecord.State
    let user: UserID
    let etag: String?
    /// The commit that the saved version came with.
    let commit: String?
    let asked: JSONValue
    let credits: Int
    let nodeCount: Int
    let openNodes: Int
    let failedNodes: Int
    let createdAt: Date
    let finishedAt: Date?
    let cancelledAt: Date?
    let nodes: [Node]?

    init(_ run: RunRecord, nodes: [RunNodeRecord]? = nil) {
        id = run.id
        project = run.projectName
        canvas = run.canvas
        state = run.state
        user = run.user
        etag = run.etag
        commit = run.commit
        asked = run.asked
        credits = run.credits
        nodeCount = run.nodes
        openNodes = run.openNodes
        failedNodes = run.failedNodes
        createdAt = run.createdAt
        finishedAt = run.finishedAt
        cancelledAt = run.cancelledAt
        self.nodes = nodes?.map { Node($0, project: run.projectName) }
    }
}

extension RunRecord.State: Encodable {}

/// The graph that made a take.
struct TakeGraph: Encodable, Sendable {
    let run: RunID
    let node: String
    let index: Int?
    let project: String
    let canvas: String
    let etag: String?
    let commit: String?
    let document: JSONValue
}
