import QueueProtocol
import StudioCore
import Testing

@testable import StudioPostgres

extension StudioFixture {
    var runs: RunStore { RunStore(database) }
    var results: CanvasResultStore { CanvasResultStore(database) }
    var files: JobFileStore { JobFileStore(database) }

    /// A key that a short word stands for.
    static func key(_ word: String) -> String {
        let hex = word.utf8.map { String($0, radix: 16) }.joined()
        return String((hex + String(repeating: "0", count: 64)).prefix(64))
    }

    /// A node whose key is its name, unless another is said, that reads what the nodes at some places make.
    func node(
        _ name: String, key: String? = nil, reads: [Int] = [], credits: Int = 10, isWanted: Bool = true,
        isForced: Bool = false, project: ProjectID? = nil, user: UserID? = nil
    ) throws -> NewRunNode {
        let key = Self.key(key ?? name)
        var job = try newJob(credits: credits)
        job.shot = nil
        job.project = project ?? self.project
        job.user = user ?? self.user
        job.destination = .cache(path: "05_Cache/canvas/\(key)/\(job.id).png")
        var sources: [String: NewRunNode.Source] = [:]
        for (index, place) in reads.enumerated() { sources["in/\(index)"] = .init(position: place) }
        return NewRunNode(node: name, key: key, job: job, sources: sources, isWanted: isWanted, isForced: isForced)
    }

    func newRun(
        _ nodes: [NewRunNode], id: RunID = RunID(), project: ProjectID? = nil, user: UserID? = nil
    ) -> NewRun {
        var run = NewRun(
            id: id, tenant: tenant, project: project ?? self.project, user: user ?? self.user, canvas: "main_canvas",
            document: "{}", documentDigest: Self.digest, etag: "e1", asked: [:], nodes: nodes)
        run.answer = { IdempotentAnswer(status: 202, headers: [:], body: "{\"id\":\"\($0.id)\"}") }
        return run
    }

    func start(_ run: NewRun, idempotency: IdempotencyRequest? = nil) async throws -> AdmittedRun {
        switch try await JobAdmission(database).admit(AdmissionUnit(run: run, idempotency: idempotency)) {
        case .run(let admitted): return admitted
        case .refused(let errors): throw errors.values.first ?? StudioError(.internalFault, "no reason")
        case let other: throw Unexpected(what: "\(other)")
        }
    }

    func start(_ nodes: [NewRunNode]) async throws -> AdmittedRun { try await start(newRun(nodes)) }

    /// Carries out a job that makes a file of the cache.
    func make(_ job: JobID) async throws { try await publish(files: try await claim(job)) }

    /// Publishes the file of an attempt.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - closing: Called when all is written and not committed yet.
    /// - Throws: What it throws; `LeaseLost`; `PostgresError`.
    func publish(files claim: HeldClaim, closing: @escaping @Sendable () throws -> Void = {}) async throws {
        let job = claim.job
        let path = try #require(try await jobs.get(job)?.destination.path)
        let file = FinishedJobFile(
            port: "image", path: path, isPrimary: true, mediaType: "image/png", sha256: Self.digest, sizeBytes: 100)
        try await files.record(FileRecording(claim, [file]))
        _ = try await files.publish([FilePublication(claim)], closing: closing)[0].get()
    }

    func fail(_ job: JobID) async throws {
        let failure = JobFailure(.inputInvalid, "it is bad")
        _ = try await jobs.fail(try await claim(job), failure: failure, retryDelay: .zero)
    }

    func state(of run: RunID) async throws -> RunRecord.State? { try await runs.get(run)?.state }

    /// A second project of the tenant.
    func secondProject() async throws -> ProjectID {
        let id = ProjectID()
        _ = try await projects.begin(
            NewProject(id: id, tenant: tenant, name: try ProjectName("other"), title: "Other", createdBy: user))
        _ = try await projects.finishScaffold(id)
        return id
    }
}

extension AdmittedRun {
    func job(_ node: String) -> JobID? { nodes.first { $0.node == node }?.job }
    func origin(_ node: String) -> RunNodeOrigin? { nodes.first { $0.node == node }?.origin }
}
