import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Running canvases: starting, looking ahead, following, cancelling, resuming and repeating, and the graph behind a take.
struct RunRoutes: RouteGroup {
    let directory: ProjectDirectory
    let submission: RunSubmission
    let runs: RunStore
    let takes: TakeStore
    let progress: ProgressListener
    let bus: EventBus
    let announcer: EventAnnouncer
    let monitors: MonitorNews

    static let missing = StudioError(.notFound, "there is no such run")

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/projects/{project}/canvases/{canvas}/runs", use: start)
        router.get("/api/v1/projects/{project}/runs", use: list)
        router.get("/api/v1/runs/{run}", use: get)
        router.post("/api/v1/runs/{run}/cancel", use: cancel)
        router.post("/api/v1/runs/{run}/resume", use: resume)
        router.post("/api/v1/runs/{run}/repeat", use: makeAgain)
        router.get("/api/v1/takes/{take}/graph", use: graph)
    }

    @Sendable private func start(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let project = try context.parameter("project")
        let canvas = try CanvasName(try context.parameter("canvas"), pointer: "/canvas")
        let body = try await request.collectBytes(limit: RunBody.limit).withUnsafeReadableBytes { Data($0) }
        let asked = try await submission.folders.interruptible(bytes: Int64(body.count)) { _ in try RunBody(body) }
        guard try request.flag("dryRun") else {
            return try await submission.start(request, body: body, project: project, caller: caller, context: context) {
                try await submission.asked(canvas, asked, of: $0, forKeeps: true)
            }
        }
        let visible = try await directory.writable(project, caller: caller)
        return try JSONAnswer(
            try await submission.preview(
                try await submission.asked(canvas, asked, of: visible, forKeeps: false), project: visible,
                caller: caller,
                context: context))
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let rows = try await runs.list(
            project: project.id, canvas: request.uri.queryParameters["canvas"].map(String.init), limit: page.limit + 1,
            before: try page.after(RunID.self))
        return try .json(Page(rows, for: page, key: { $0.id.description }) { RunDocument($0) })
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let run = try await run(context, caller: try context.require(.read))
        if run.state == .running { progress.watch(run.project) }
        return try .json(RunDocument(run, nodes: try await runs.nodes(of: run.id)))
    }

    @Sendable private func cancel(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let done = try await runs.cancel(
            try context.identifier("run"), tenant: caller.tenantID, by: caller.author(context))
        await announcer.announce()
        for job in done.requested {
            do {
                try await bus.send(.cancel(job: job.job, attempt: job.attempt), to: job.worker)
            } catch {
                context.logger.notice(
                    "the worker hears of the cancel at its next heartbeat", error: error,
                    metadata: [LogKey.job: "\(job.job)"])
            }
        }
        if !done.cancelled.isEmpty { await monitors.cancelled(done.cancelled) }
        context.logger.info(
            "run cancelled",
            metadata: [
                "run": "\(done.run.id)", "cancelled": "\(done.cancelled.count)",
                "asked_to_stop": "\(done.requested.count)", "left_to_others": "\(done.left.count)",
            ])
        return try .json(RunDocument(done.run, nodes: try await runs.nodes(of: done.run.id)))
    }

    @Sendable private func resume(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let run: RunID = try context.identifier("run")
        let body = try await request.collectBytes(limit: 4096).withUnsafeReadableBytes { Data($0) }
        return try await submission.resume(run, request: request, body: body, caller: caller, context: context)
    }

    @Sendable private func makeAgain(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let run = try await run(context, caller: caller)
        let body = try await request.collectBytes(limit: 4096).withUnsafeReadableBytes { Data($0) }
        let asked = try await submission.asked(again: run)
        return try await submission.start(
            request, body: body, project: run.projectName, caller: caller, context: context
        ) { _ in asked }
    }

    @Sendable private func graph(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        guard let take = try await takes.get(try context.identifier("take"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such take")
        }
        guard let (run, place) = try await runs.maker(of: take.job),
            let text = try await runs.document(run.documentDigest)
        else { throw StudioError(.noGraph, "this take was made by a job of its own, not by a canvas") }
        return try .json(
            TakeGraph(
                run: run.id, node: place.node, index: place.index, project: run.projectName, canvas: run.canvas,
                etag: run.etag, commit: run.commit, document: try JSONText.decode(JSONValue.self, from: text)))
    }

    private func run(_ context: GatewayContext, caller: Caller) async throws -> RunRecord {
        guard let run = try await runs.get(try context.identifier("run"), tenant: caller.tenantID) else {
            throw Self.missing
        }
        return run
    }
}
