import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Runs canvases: compiled first, then admitted whole or not at all, with the jobs that have to be made.
struct RunSubmission: Sendable {
    let submission: JobSubmission
    let lookup: CanvasLookup
    let canvases: CanvasFiles
    let history: CanvasHistory
    let runs: RunStore
    let results: CanvasResultStore
    let folders: ProjectFolders

    /// From so many nodes on a canvas is not compiled in a moment.
    private static let manyNodes = 1000

    /// A canvas as it is to be run.
    struct Asked: Sendable {
        var canvas: String
        var document: CanvasDocument
        /// Nil for one that is not saved.
        var etag: String?
        /// The commit that the saved version came with; nil where it is not known.
        var commit: String?
        var body: RunBody
        /// The functions it is compiled with; nil for the catalogue's.
        var functions: CanvasFunctions?
        /// The run that it repeats.
        var repeated: RunID?
        /// Where the document stands in what was sent.
        var pointer: String { body.document == nil ? "" : "/document" }
    }

    /// Starts a run.
    ///
    /// - Parameters:
    ///   - request: The request, for its idempotency key.
    ///   - body: Its body.
    ///   - name: The project's name.
    ///   - caller: Who asks and pays.
    ///   - context: For the request's id, its trace and its log.
    ///   - asked: What is to be run, from the project as it was a moment ago.
    /// - Returns: 202 with the run, or the first answer for a repeated key.
    /// - Throws: `StudioError`; then nothing was kept.
    func start(
        _ request: Request, body: Data, project name: String, caller: Caller, context: GatewayContext,
        asked: (ProjectRecord) async throws -> Asked
    ) async throws -> JSONAnswer {
        let claim = try request.idempotency(body: body, caller: caller)
        let id = RunID()
        return try await admit(body: body, project: name, caller: caller, claim: claim, context) { project in
            let asked = try await asked(project)
            let planned = try await planned(asked, run: id, project: project, caller: caller, context)
            try await checkExports(planned.nodes, of: project)
            return NewRun(
                id: id, tenant: project.tenant, project: project.id, user: caller.userID, canvas: asked.canvas,
                document: planned.text, documentDigest: planned.digest, etag: asked.etag, commit: asked.commit,
                asked: asked.body.kept(repeating: asked.repeated), nodes: planned.nodes)
        }
    }

    /// Lets a run go on that failed or was cancelled: what is finished stays, what is not is made again.
    ///
    /// - Returns: 202 with the run.
    /// - Throws: `StudioError` with code `not-found`, or `conflict` where it is neither.
    func resume(
        _ id: RunID, request: Request, body: Data, caller: Caller, context: GatewayContext
    ) async throws -> JSONAnswer {
        guard let run = try await runs.get(id, tenant: caller.tenantID) else { throw RunRoutes.missing }
        let claim = try request.idempotency(body: body, caller: caller)
        return try await admit(body: body, project: run.projectName, caller: caller, claim: claim, context) { project in
            var again = NewRun(
                id: id, tenant: run.tenant, project: run.project, user: caller.userID, canvas: run.canvas, document: "",
                documentDigest: run.documentDigest, asked: run.asked,
                nodes: try await runs.plan(of: run, user: caller.userID).map { node in
                    var node = node
                    (node.job.requestID, node.job.traceparent) = (context.requestID, context.traceparent.description)
                    return node
                })
            again.isResumed = true
            try await checkExports(again.nodes, of: project)
            return again
        }
    }

    private func admit(
        body: Data, project name: String, caller: Caller, claim: IdempotencyRequest?, _ context: GatewayContext,
        plan: (ProjectRecord) async throws -> NewRun
    ) async throws -> JSONAnswer {
        let admission = try await submission.admit(body: body, project: name, caller: caller, claim: claim) { project in
            var run = try await plan(project)
            run.answer = { try IdempotentAnswer(RunReceipt($0, project: project.name).answer) }
            return AdmissionUnit(run: run, idempotency: claim)
        }
        switch admission {
        case .replayed(let answer): return JSONAnswer(replaying: answer)
        case .refused(let errors):
            throw errors.min { $0.key < $1.key }?.value ?? StudioError(.internalFault, "a run got no verdict")
        case .decided: throw StudioError(.internalFault, "a run was answered as jobs")
        case .run(let run):
            context.logger.info(
                "run admitted",
                metadata: [
                    "run": "\(run.id)", LogKey.project: "\(name)", "canvas": "\(run.canvas)",
                    "jobs": "\(run.jobs.count)", "nodes": "\(run.nodes.count)", "credits": "\(run.credits)",
                ])
            return try RunReceipt(run, project: name).answer
        }
    }

    /// What a run would make and cost now, without anything being kept.
    ///
    /// - Throws: `StudioError` with code `invalid` and all that is wrong with the canvas.
    func preview(
        _ asked: Asked, project: ProjectRecord, caller: Caller, context: GatewayContext
    ) async throws -> RunPreview {
        let planned = try await planned(asked, run: RunID(), project: project, caller: caller, context)
        let nodes = planned.nodes
        let blocked = try await exportsInTheWay(nodes, of: project)
        let standings = try await results.standings(
            of: Array(Set(nodes.map(\.key))), tenant: project.tenant, project: project.id)
        return RunPreview(
            canvas: asked.canvas, nodes: nodes, shares: RunAssignment(nodes, standings: standings).shares,
            findings: planned.findings + blocked.map { CanvasFinding($0) })
    }

    /// What a canvas comes to.
    private struct Planned: Sendable {
        let nodes: [NewRunNode]
        let findings: [CanvasFinding]
        /// The canvas as it is kept with the run, and the text's SHA-256.
        let text: String
        let digest: String
    }

    /// Compiles a canvas. Many nodes take their time, on the threads for that.
    private func planned(
        _ asked: Asked, run: RunID, project: ProjectRecord, caller: Caller, _ context: GatewayContext
    ) async throws -> Planned {
        let compiler = CanvasCompiler(
            try await lookup.surroundings(of: asked.document, in: project, functions: asked.functions),
            sha256: { SHA256.hex(of: $0) })
        let origin = SubmissionOrigin(context)
        let isLarge = asked.document.nodes.count > Self.manyNodes
        return try await folders.interruptible(bytes: isLarge ? ProjectFolders.largeBytes : 0) { _ in
            let plan = try compiler.compile(
                asked.document, goal: asked.body.goal, pointer: asked.pointer)
            var planner = RunPlanner(
                plan, run: run, canvas: asked.canvas, project: project, caller: caller, priority: asked.body.priority,
                origin: origin)
            let nodes = try planner.all()
            let text = String(decoding: asked.document.text, as: UTF8.self)
            return Planned(
                nodes: nodes, findings: plan.findings.all, text: text, digest: SHA256.hex(of: text.utf8))
        }
    }

    /// Refuses a run whose exports would take the places of files that somebody has there.
    private func checkExports(_ nodes: [NewRunNode], of project: ProjectRecord) async throws {
        let blocked = try await exportsInTheWay(nodes, of: project)
        guard let first = blocked.first else { return }
        throw StudioError(.exportExists, first.detail, findings: blocked)
    }

    /// The exports that cannot be made because something stands in their places. One that is there already, as this very
    /// canvas made it, is in nobody's way; one that somebody has moved is noted as gone, and made again.
    private func exportsInTheWay(_ nodes: [NewRunNode], of project: ProjectRecord) async throws -> [Finding] {
        let exports = nodes.filter { $0.job.destination.kind == .export }
        guard !exports.isEmpty else { return [] }
        let made = try await results.files(of: exports.map(\.key), tenant: project.tenant)
        let (folders, digests, looked) = (folders, lookup.digests, exports.map { ($0, made[$0.key]) })
        // What was read before is known by its file's state.
        let unread = try await folders.blocking { () -> Int64 in
            let directory = try folders.open(project)
            return made.values.reduce(into: 0) { bytes, file in
                guard let path = try? RelativePath(file.path), let status = try? directory.status(of: path),
                    status.size == file.sizeBytes, !digests.knows(status)
                else { return }
                bytes += status.size
            }
        }
        let (gone, blocked) = try await folders.interruptible(bytes: unread) {
            check -> ([JobFileRecord], [Finding]) in
            let directory = try folders.open(project)
            var (gone, blocked): ([JobFileRecord], [Finding]) = ([], [])
            for (node, file) in looked {
                let isThere = try file.map {
                    try TakeFiles.isSame($0, in: directory, digests: digests, check: check)
                }
                if let file, isThere == false { gone.append(file) }
                guard case .export(let path, replaces: false) = node.job.destination, isThere != true || node.isForced,
                    let place = try? RelativePath(path), try directory.status(of: place) != nil
                else { continue }
                blocked.append(
                    Finding(
                        pointer: "", code: "export-exists",
                        detail: "there is \(path) already; choose another name, or say that it may be replaced",
                        node: node.node))
            }
            return (gone, blocked)
        }
        for file in gone { try await results.noteGone(file) }
        return blocked
    }
}
