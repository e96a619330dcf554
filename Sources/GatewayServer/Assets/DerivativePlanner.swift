import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Has derivatives made of assets: background jobs of the functions that the catalogue has, for nobody's credits.
struct DerivativePlanner: Sendable {
    /// Behind everything that people ask for.
    static let priority = 0

    let submission: JobSubmission
    let library: FunctionLibrary
    let users: UserStore
    let store: DerivativeStore
    let folders: ProjectFolders
    let logger: Logger

    /// One derivative as it can be made with the present catalogue.
    struct Plan: Sendable {
        var kind: AssetDerivative
        var submission: Submission
        /// The whole path of its primary file.
        var path: String
    }

    /// What can be made of an asset.
    func plans(for asset: AssetRecord) -> [Plan] {
        AssetDerivative.all(of: FunctionManifest.Port.Kind.ofFile(named: asset.path)).compactMap { kind in
            plan(kind, by: kind.function, content: asset.sha256, inputs: [.file(asset.path)])
        }
    }

    /// What can be made of a sequence: its probe, a thumbnail of the picture in its middle, and a small film of it.
    ///
    /// - Parameter frames: Its pictures, by their numbers.
    /// - Returns: The plans; none without pictures, or for more than ``AssetSequence/most``.
    func plans(forSequence frames: [AssetRecord]) -> [Plan] {
        guard !frames.isEmpty, frames.count <= AssetSequence.most else { return [] }
        let middle = frames[frames.count / 2]
        // By the names too: other numbers are another film.
        var hasher = SHA256Hasher()
        for frame in frames { hasher.update("\(frame.path.split(separator: "/").last ?? "")\0\(frame.sha256)\n".utf8) }
        let content = hasher.finish().hex
        let all = frames.map { InputReference.file($0.path) }
        return [
            plan(.probe, by: "probe-sequence", content: content, inputs: all),
            plan(
                .thumbnail, by: AssetDerivative.thumbnail.function, content: middle.sha256,
                inputs: [.file(middle.path)]),
            plan(
                .proxy, by: "assemble", content: content, inputs: all,
                parameters: ["missingFrames": "held", "height": 540]),
        ].compactMap(\.self)
    }

    private func plan(
        _ kind: AssetDerivative, by name: String, content: String, inputs: [InputReference],
        parameters: [String: JSONValue] = [:]
    ) -> Plan? {
        guard let function = library.current.functions[name], let output = function.primaryOutput,
            let input = function.inputs.first(where: \.isRequired) ?? function.inputs.first
        else { return nil }
        let destination = JobDestination.cache(path: kind.place(of: content))
        let effective = function.effectiveParameters(parameters, tier: .low)
        guard let path = destination.completed(fileExtension: output.fileExtension(with: effective) ?? "").path
        else { return nil }
        var submission = Submission(
            function: function.name, parameters: parameters, inputs: [input.name: inputs], destination: destination,
            priority: Self.priority)
        submission.quality = .low
        return Plan(kind: kind, submission: submission, path: path)
    }

    /// Submits what of an asset is neither there nor on its way.
    ///
    /// - Parameters:
    ///   - asset: The asset.
    ///   - project: Its project.
    /// - Throws: `PostgresError`; `StudioError` for what may be over in a while.
    func make(of asset: AssetRecord, in project: ProjectRecord) async throws {
        try await make(plans(for: asset), of: asset.path, in: project)
    }

    /// Submits what of a sequence is neither there nor on its way.
    ///
    /// - Parameters:
    ///   - frames: Its pictures, by their numbers.
    ///   - project: Their project.
    /// - Throws: `PostgresError`; `StudioError` for what may be over in a while.
    func make(of frames: [AssetRecord], in project: ProjectRecord) async throws {
        guard let first = frames.first else { return }
        if frames.count > AssetSequence.most {
            logger.notice(
                "a sequence is too long for derivatives",
                metadata: [LogKey.project: "\(project.name)", "file": "\(first.path)"])
        }
        try await make(plans(forSequence: frames), of: first.path, in: project)
    }

    private func make(_ plans: [Plan], of file: String, in project: ProjectRecord) async throws {
        guard !plans.isEmpty, let caller = try await owner(of: project) else { return }
        let there = try await store.jobs(of: project.id, at: plans.map(\.path))
        for plan in plans {
            if let job = there[plan.path], try await !isToBeMadeAgain(job, in: project) { continue }
            do {
                try await submit(plan, in: project, caller: caller)
            } catch let error as StudioError where error.retryAfterSeconds == nil && error.code != .unavailable {
                logger.notice(
                    "no derivative is made of an asset", error: error,
                    metadata: [
                        LogKey.project: "\(project.name)", "file": "\(file)", "derivative": "\(plan.kind.rawValue)",
                    ])
            }
        }
    }

    private func isToBeMadeAgain(_ job: PlacedJob, in project: ProjectRecord) async throws -> Bool {
        guard !job.shouldBeMadeAgain, job.state == .succeeded, let path = job.path else { return job.shouldBeMadeAgain }
        // The cache may have been emptied.
        return try await folders.blocking { [folders] in
            try folders.open(project).status(of: RelativePath(path)) == nil
        }
    }

    private func submit(_ plan: Plan, in project: ProjectRecord, caller: Caller) async throws {
        let admission = try await submission.admit(
            body: Data(), project: project.name, caller: caller, claim: nil
        ) { [submission] project in
            var job = try await submission.planned(
                plan.submission, project: project, caller: caller, origin: SubmissionOrigin(asset: plan.path))
            job.credits = 0
            return AdmissionUnit([job])
        }
        switch admission {
        case .decided(let verdicts): JobSubmission.tell(try verdicts[0].job(), logger)
        case .refused(let errors): throw errors[0] ?? StudioError(.internalFault, "a submission got no verdict")
        case .replayed, .run: throw StudioError(.internalFault, "a submission without a key got another's answer")
        }
    }

    /// In whose name it is done: of who made the project; nil where nobody may.
    private func owner(of project: ProjectRecord) async throws -> Caller? {
        guard let id = project.createdBy, let user = try await users.find(id), user.tenant == project.tenant else {
            return nil
        }
        return Caller(
            userID: user.id, tenantID: user.tenant, tenantName: user.tenantName, email: user.email,
            displayName: user.displayName, roles: user.roles, tokenExpiresAt: .distantFuture)
    }
}

extension SubmissionOrigin {
    /// An asset; a trace of its own begins.
    init(asset path: String) {
        requestID = "asset:\(path)"
        traceparent = TraceParent(continuing: nil).description
    }
}
