import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Makes a take again: the same revision of its function, whatever the catalogue says today, with the same parameters, seed
/// and inputs, as a new job of the same shot and version.
struct TakeRerun: Sendable {
    let submission: JobSubmission
    let directory: ProjectDirectory
    let jobs: JobStore
    let takes: TakeStore
    let folders: ProjectFolders
    let digests: FileDigests

    /// Submits the job.
    ///
    /// - Parameters:
    ///   - id: The take.
    ///   - request: The request, for its idempotency key.
    ///   - body: Its body: nothing, or ``RerunBody``.
    ///   - caller: Who asks and pays.
    ///   - context: For the request's id, its trace and its log.
    /// - Returns: 202 with the job, or the first answer for a repeated key.
    /// - Throws: `StudioError`: `not-found`, `invalid` with each input that is gone or is another file now, and what a
    ///   submission throws; then nothing was kept.
    func rerun(
        _ id: TakeID, request: Request, body: Data, caller: Caller, context: GatewayContext
    ) async throws -> JSONAnswer {
        let asked = try RerunBody(body)
        guard let take = try await takes.get(id, tenant: caller.tenantID),
            let made = try await jobs.get(take.job, tenant: caller.tenantID)
        else { throw StudioError(.notFound, "there is no such take") }
        guard let sold = try await jobs.soldFunction(of: made.id) else {
            throw StudioError(.internalFault, "the take's job has no function")
        }
        let function = try FunctionManifest(sold.manifest)
        if !asked.allowsChangedInputs { try await check(take, of: made) }
        // A film that was made in chunks is made in one piece: its chunks went when it was there.
        let parts = Set(try await jobs.parts(of: made.id).map { InputReference.job($0.id, port: nil).text })
        let inputs = made.inputs.filter { !parts.contains($0.value) }
        let claim = try request.idempotency(body: body, caller: caller)
        let admission = try await submission.admit(
            body: body, project: made.projectName, caller: caller, claim: claim
        ) { project in
            var job = NewJob(
                id: JobID(), tenant: project.tenant, project: project.id, projectRevision: project.revision,
                user: caller.userID, shot: try ShotName(take.shot), version: made.version, function: function.name,
                functionVersion: function.version, functionDigest: sold.digest, manifest: sold.manifest,
                parameters: made.parameters, inputs: inputs, quality: made.quality, queue: function.queue,
                priority: asked.priority ?? made.priority, maxAttempts: made.maxAttempts,
                timeoutSeconds: made.timeoutSeconds,
                credits: function.price(of: made.parameters.objectValue ?? [:]))
            (job.requestID, job.traceparent) = (context.requestID, context.traceparent.description)
            return AdmissionUnit(
                [job],
                idempotency: claim.map { AdmissionUnit.KeyedAnswer($0) { try JobReceipt($0[0].job()).kept } })
        }
        switch admission {
        case .replayed(let answer): return JSONAnswer(replaying: answer)
        case .refused(let errors):
            throw errors[0] ?? StudioError(.internalFault, "a submission got no verdict")
        case .run: throw StudioError(.internalFault, "a job was answered as a run")
        case .decided(let verdicts):
            let job = try verdicts[0].job()
            JobSubmission.tell(job, context.logger)
            return JobReceipt(job).answer
        }
    }

    /// Looks whether the files that the take was made from are still those. Takes never change.
    private func check(_ take: TakeRecord, of job: JobRecord) async throws {
        let project = try await directory.project(take.project)
        var wanted: [(path: String, pointer: String, sha256: String)] = []
        var counts: [String: Int] = [:]
        for input in take.provenance?["inputs"]?.arrayValue ?? [] {
            guard let port = input["port"]?.stringValue, let text = input["reference"]?.stringValue,
                let sha256 = input["sha256"]?.stringValue
            else { continue }
            let index = counts[port, default: 0]
            counts[port] = index + 1
            let base = "/inputs/" + JSONPointer.escaped(port)
            let pointer = job.inputs[port] == nil ? "\(base)/\(index)" : base
            guard case .file(let path) = try InputReference(text, pointer: pointer) else { continue }
            wanted.append((path, pointer, sha256))
        }
        guard !wanted.isEmpty else { return }
        let (folders, digests, files) = (folders, digests, wanted)
        let findings = try await folders.interruptible(bytes: ProjectFolders.largeBytes) { check in
            let directory = try folders.open(project)
            return try files.compactMap { file -> Finding? in
                guard let path = try? RelativePath(file.path), let open = try? directory.open(path),
                    let found = try? digests.hash(of: open.raw, path: file.path, check: check)
                else {
                    try check()
                    return Finding(
                        pointer: file.pointer, code: "input-missing", detail: "\(file.path) is not there any more")
                }
                guard found.digest.hex != file.sha256 else { return nil }
                return Finding(
                    pointer: file.pointer, code: "input-changed",
                    detail: "\(file.path) is another file than the take was made from")
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
    }
}

/// What may be said of a rerun: `{"priority": 0…9, "allowChangedInputs": true}`, all of it optional.
struct RerunBody: Sendable {
    /// Nil takes that of the take's job.
    let priority: Int?
    /// Whether inputs may be other files by now.
    let allowsChangedInputs: Bool

    init(_ data: Data) throws {
        guard !data.isEmpty else {
            (priority, allowsChangedInputs) = (nil, false)
            return
        }
        guard let members = try JSONBody.decode(JSONValue.self, from: data).objectValue else {
            throw StudioError.invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        priority = members["priority"]?.intValue
        if let value = members["priority"], !(value.intValue.map((0...9).contains) ?? false) {
            findings.append(
                Finding(pointer: "/priority", code: "range", detail: "must be a whole number from 0 to 9"))
        }
        allowsChangedInputs = members["allowChangedInputs"]?.boolValue ?? false
        if let value = members["allowChangedInputs"], value.boolValue == nil {
            findings.append(Finding(pointer: "/allowChangedInputs", code: "type", detail: "must be true or false"))
        }
        for key in members.keys.sorted() where key != "priority" && key != "allowChangedInputs" {
            findings.append(
                Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here"))
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
    }
}
