import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// Submitting, listing, reading, changing, cancelling and retrying jobs.
struct JobRoutes: RouteGroup {
    /// The largest submission: 100,000 frames with long paths fit.
    static let bodyLimit = 16 << 20

    let submission: JobSubmission
    let control: JobControl
    let projects: ProjectDirectory
    let jobs: JobStore
    let files: JobFileStore
    let board: JobProgressBoard
    let progress: ProgressListener
    let bus: EventBus

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/projects/{project}/jobs", use: submit)
        router.post("/api/v1/projects/{project}/jobs:batch", use: submitBatch)
        router.get("/api/v1/projects/{project}/jobs", use: list)
        router.get("/api/v1/jobs/{job}", use: get)
        router.patch("/api/v1/jobs/{job}", use: change)
        router.post("/api/v1/jobs/{job}/cancel", use: cancel)
        router.post("/api/v1/jobs/{job}/retry", use: retry)
        router.post("/api/v1/jobs/{job}/approve", use: approve)
        router.get("/api/v1/jobs/{job}/preview", use: preview)
    }

    @Sendable private func submit(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let project = try context.parameter("project")
        let body = try await request.collectJSON(limit: Self.bodyLimit)
        return try await submission.submit(request, body: body, project: project, caller: caller, context: context)
    }

    @Sendable private func submitBatch(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let project = try context.parameter("project")
        let body = try await request.collectJSON(limit: Self.bodyLimit)
        return try await BatchSubmission(submission: submission).submit(
            request, body: body, project: project, caller: caller, context: context)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await projects.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let filter = try JobFilter(query: request)
        let rows = try await jobs.list(
            project: project.id, filter: filter, limit: page.limit + 1, before: try page.after(JobID.self))
        if rows.contains(where: { $0.state == .running }) { progress.watch(project.id) }
        return try .json(
            Page(rows, for: page, key: { $0.id.description }) { JobDocument($0, report: board.report(of: $0.id)) })
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let job = try await job(context, caller: caller)
        if job.state == .running { progress.watch(job.project) }
        let attempts = try await jobs.attempts(of: job.id)
        let files = try await files.list(of: job.id)
        let parts = try await jobs.parts(of: job.id)
        return try .json(
            JobDocument(job, report: board.report(of: job.id), attempts: attempts, files: files, parts: parts))
    }

    @Sendable private func change(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let job: JobID = try context.identifier("job")
        let body = try await request.decode(JSONValue.self, limit: 4096, context: context)
        let changed = try await control.change(job, try JobChange(body), caller: caller, context: context)
        return try .json(JobDocument(changed, report: board.report(of: job)))
    }

    @Sendable private func cancel(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let job = try await control.cancel(try context.identifier("job"), caller: caller, context: context)
        return try .json(JobDocument(job, report: board.report(of: job.id)))
    }

    @Sendable private func retry(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let job: JobID = try context.identifier("job")
        let body = try await request.collectBytes(limit: 4096)
        return try await control.retry(
            job, request: request, body: body.withUnsafeReadableBytes { Data($0) }, caller: caller, context: context)
    }

    @Sendable private func preview(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let job = try await job(context, caller: caller)
        guard let picture = try await bus.picture(of: job.id) else {
            throw StudioError(.notFound, "the job has shown no picture lately")
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: picture.mediaType, .cacheControl: "no-store", .contentLength: "\(picture.bytes.count)",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: picture.bytes)))
    }

    @Sendable private func approve(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let job = try await control.approve(try context.identifier("job"), caller: caller, context: context)
        return try .json(JobDocument(job, report: board.report(of: job.id)))
    }

    private func job(_ context: GatewayContext, caller: Caller) async throws -> JobRecord {
        guard let job = try await jobs.get(try context.identifier("job"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such job")
        }
        return job
    }
}

extension JobFilter {
    /// Reads `state` (one or several, by comma), `shot`, `function` and `since`; all that is wrong at once.
    init(query request: Request) throws(StudioError) {
        let query = request.uri.queryParameters
        var findings: [Finding] = []
        let states = JobState.set(query["state"], findings: &findings)
        var shot: String?
        if let text = query["shot"] {
            do { shot = try ShotName(String(text)).text } catch { findings += error.findings }
        }
        var since: Date?
        if let text = query["since"] {
            since = Timestamp.parse(String(text))
            if since == nil {
                findings.append(
                    Finding(pointer: "/since", code: "format", detail: "must be an RFC 3339 time"))
            }
        }
        guard findings.isEmpty else { throw .invalid(findings) }
        self.init(states: states, shot: shot, function: query["function"].map(String.init), since: since)
    }
}
