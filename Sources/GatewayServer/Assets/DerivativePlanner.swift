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
            guard let function = library.current.functions[kind.function], let output = function.primaryOutput,
                let input = function.inputs.first(where: \.isRequired) ?? function.inputs.first
            else { return nil }
            let destination = JobDestination.cache(path: kind.place(of: asset.sha256))
            let parameters = function.effectiveParameters([:], tier: .low)
            guard let path = destination.completed(fileExtension: output.fileExtension(with: parameters) ?? "").path
            else { return nil }
            var submission = Submission(
                function: function.name, inputs: [input.name: [.file(asset.path)]], destination: destination,
                priority: Self.priority)
            submission.quality = .low
            return Plan(kind: kind, submission: submission, path: path)
        }
    }

    /// Submits what is neither there nor on its way.
    ///
    /// - Parameters:
    ///   - asset: The asset.
    ///   - project: Its project.
    /// - Throws: `PostgresError`; `StudioError` for what may be over in a while.
    func make(of asset: AssetRecord, in project: ProjectRecord) async throws {
        let plans = plans(for: asset)
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
                        LogKey.project: "\(project.name)", "file": "\(asset.path)",
                        "derivative": "\(plan.kind.rawValue)",
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
        case .replayed: throw StudioError(.internalFault, "a submission without a key got another's answer")
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
