import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// The bytes of what jobs made beside takes' media: in the cache, among the exports, and beside takes.
struct JobFileRoutes: RouteGroup {
    let directory: ProjectDirectory
    let jobs: JobStore
    let takes: TakeStore
    let files: JobFileStore
    let media: TakeFiles

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/jobs/{job}/files/{port}", use: ofJob)
        router.get("/api/v1/takes/{take}/files/{port}", use: ofTake)
    }

    @Sendable private func ofJob(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        guard let job = try await jobs.get(try context.identifier("job"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such job")
        }
        return try await answer(job.id, project: job.project, request, context)
    }

    @Sendable private func ofTake(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        guard let take = try await takes.get(try context.identifier("take"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such take")
        }
        // Under its port's name the media is found by the files beside it, such as an index of its stills.
        if let port = take.port, port == (try context.parameter("port")) {
            return try await media.response(
                to: request, withMediaOf: take, in: try await directory.project(take.project))
        }
        return try await answer(take.job, project: take.project, request, context)
    }

    private func answer(
        _ job: JobID, project: ProjectID, _ request: Request, _ context: GatewayContext
    ) async throws -> Response {
        let port = try context.parameter("port")
        guard let file = try await files.list(of: job).first(where: { $0.port == port }) else {
            throw StudioError(.notFound, "there is no such file")
        }
        guard file.removedAt == nil else { throw StudioError(.notFound, "the file has been removed") }
        let record = try await directory.project(project)
        let place = MediaPlace(
            path: file.path, sha256: file.sha256, size: file.sizeBytes, mediaType: file.mediaType,
            fileName: file.fileName)
        if let elsewhere = await media.links.response(to: request, for: place, in: record) { return elsewhere }
        let open = try await media.file(file, in: record)
        // The bytes behind this address never change.
        return try MediaResponse(
            file: open, contentType: file.mediaType, etag: EntityTag(file.sha256), fileName: file.fileName,
            disposition: .inline, cacheControl: "private, max-age=31536000, immutable"
        ).response(to: request)
    }
}
