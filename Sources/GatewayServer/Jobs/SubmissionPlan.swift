import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// A submission whose function, parameters and ports were checked: everything that can be said without looking at the
/// project's files and jobs.
struct SubmissionPlan: Sendable {
    let submission: Submission
    let function: FunctionManifest
    /// SHA-256 of the function's manifest.
    let digest: String
    /// Defaults, the tier's values over them, the user's own over both.
    let parameters: [String: JSONValue]
    let quality: QualityTier
    let credits: Int
    /// Where the files go, with the whole path of the primary one.
    let destination: JobDestination

    /// Checks a submission against the catalogue.
    ///
    /// - Parameters:
    ///   - submission: What was asked for.
    ///   - functions: The functions there are.
    ///   - projectQuality: The tier of jobs that do not say.
    /// - Throws: `StudioError` with code `invalid` and all that is wrong with function, parameters and ports at once.
    init(_ submission: Submission, functions: FunctionRevisions, projectQuality: QualityTier) throws(StudioError) {
        let function = try functions.catalogue.function(named: submission.function)
        guard let digest = functions.digests[function.name] else {
            throw StudioError(.internalFault, "the function's manifest has no digest")
        }
        let quality = submission.quality ?? projectQuality
        let parameters = function.effectiveParameters(submission.parameters, tier: quality)
        let findings =
            function.parameters.check(.object(parameters), pointer: "/parameters")
            + Self.portFindings(submission.inputs, function: function)
            + Self.sparseFindings(submission, parameters, function: function)
            + Self.destinationFindings(submission, function: function)
        guard findings.isEmpty else { throw .invalid(findings) }
        self.submission = submission
        self.function = function
        self.digest = digest
        self.quality = quality
        self.parameters = parameters
        credits = function.price(of: parameters)
        destination = submission.destination.completed(
            fileExtension: function.primaryOutput?.fileExtension(with: parameters) ?? "")
    }

    /// The job as the store admits it.
    func newJob(project: ProjectRecord, caller: Caller, origin: SubmissionOrigin) -> NewJob {
        var job = NewJob(
            id: JobID(), tenant: project.tenant, project: project.id, projectRevision: project.revision,
            user: caller.userID, shot: submission.shot,
            version: submission.version, function: function.name, functionVersion: function.version,
            functionDigest: digest,
            manifest: function.document, parameters: .object(parameters),
            inputs: JobInputs.stored(submission.inputs, function: function), quality: quality, queue: function.queue,
            priority: submission.priority, maxAttempts: submission.maxAttempts ?? function.maxAttempts,
            timeoutSeconds: submission.timeoutSeconds ?? function.timeoutSeconds, notBefore: submission.notBefore,
            dependsOn: submission.dependsOn, credits: credits, requestID: origin.requestID,
            traceparent: origin.traceparent)
        job.destination = destination
        return job
    }

    /// The job's preview and the job, which waits for it and is held until somebody approves it; the job alone where no
    /// preview was asked for. Together they cost what the job alone does.
    func newJobs(project: ProjectRecord, caller: Caller, origin: SubmissionOrigin) -> [NewJob] {
        var whole = newJob(project: project, caller: caller, origin: origin)
        guard let step = submission.sparse, let parameter = function.frameStep else { return [whole] }
        var preview = whole
        preview.id = JobID()
        preview.parameters = .object(parameters.merging([parameter: .integer(Int64(step))]) { $1 })
        preview.credits = FunctionManifest.previewPrice(ofWhole: credits, every: step)
        whole.credits -= preview.credits
        whole.previewJob = preview.id
        whole.dependsOn.append(preview.id)
        return [preview, whole]
    }

    private static func destinationFindings(_ submission: Submission, function: FunctionManifest) -> [Finding] {
        let kind = submission.destination.kind
        guard kind != .take else { return [] }
        var findings: [Finding] = []
        if function.primaryOutput == nil {
            findings.append(
                Finding(
                    pointer: "/destination", code: "unsupported",
                    detail: "\(function.name) makes no file that could be kept there"))
        }
        if submission.sparse != nil {
            findings.append(
                Finding(pointer: "/sparse", code: "unsupported", detail: "only a job with a take can have a preview"))
        }
        if let path = submission.destination.path, !Self.isPlace(path, of: kind) {
            findings.append(
                Finding(
                    pointer: "/destination", code: "path-invalid",
                    detail: kind == .export
                        ? "an export is named without a folder, and not with a dot at its beginning"
                        : "is no place in the cache that a job's files can have"))
        }
        return findings
    }

    /// Whether files may be put there: an export right below its folder, anything else in the cache but jobs' own folders.
    private static func isPlace(_ path: String, of kind: JobDestination.Kind) -> Bool {
        guard let path = try? RelativePath(path), !path.name.hasPrefix(".") else { return false }
        return switch kind {
        case .take: false
        case .export: path.components.count == 2 && path.components[0] == WorkspaceLayout.exports
        case .cache:
            path.components.count > 1 && path.components[0] == WorkspaceLayout.cache
                && !path.text.hasPrefix(WorkspaceLayout.jobScratch)
        }
    }

    private static func sparseFindings(
        _ submission: Submission, _ parameters: [String: JSONValue], function: FunctionManifest
    ) -> [Finding] {
        guard let step = submission.sparse else { return [] }
        guard let parameter = function.frameStep else {
            return [
                Finding(
                    pointer: "/sparse", code: "unsupported",
                    detail: "\(function.name) has no frames of which a preview could be made")
            ]
        }
        let asked = parameters.merging([parameter: .integer(Int64(step))]) { $1 }
        let place = "/parameters/" + JSONPointer.escaped(parameter)
        return function.parameters.check(.object(asked), pointer: "/parameters").filter { $0.pointer == place }
            .map { Finding(pointer: "/sparse", code: $0.code, detail: $0.detail) }
    }

    private static func portFindings(
        _ inputs: [String: [InputReference]], function: FunctionManifest
    ) -> [Finding] {
        var findings: [Finding] = []
        for port in function.inputs {
            let pointer = "/inputs/" + JSONPointer.escaped(port.name)
            let references = inputs[port.name] ?? []
            if references.isEmpty, port.isRequired {
                findings.append(Finding(pointer: pointer, code: "required", detail: "is required"))
            }
            if references.count > 1, !port.isList {
                findings.append(Finding(pointer: pointer, code: "maxItems", detail: "takes one file, not a list"))
            }
        }
        let known = Set(function.inputs.map(\.name))
        for name in inputs.keys.sorted() where !known.contains(name) {
            let names = known.isEmpty ? "none" : known.sorted().joined(separator: ", ")
            findings.append(
                Finding(
                    pointer: "/inputs/" + JSONPointer.escaped(name), code: "unknown-input",
                    detail: "is not an input of \(function.name); known: \(names)"))
        }
        return findings
    }
}
