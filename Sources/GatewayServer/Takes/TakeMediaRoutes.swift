import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// A take's bytes and its thumbnail.
struct TakeMediaRoutes: RouteGroup {
    let directory: ProjectDirectory
    let takes: TakeStore
    let files: TakeFiles

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/takes/{take}/media", use: media)
        router.get("/api/v1/takes/{take}/thumbnail", use: thumbnail)
    }

    @Sendable private func media(_ request: Request, context: GatewayContext) async throws -> Response {
        let (take, project) = try await find(context)
        return try await files.response(to: request, withMediaOf: take, in: project)
    }

    @Sendable private func thumbnail(_ request: Request, context: GatewayContext) async throws -> Response {
        let (take, project) = try await find(context)
        let file = try await files.thumbnail(of: take, in: project)
        let tag = EntityTag("thumbnail-\(take.sha256 ?? take.id.description)")
        return try MediaResponse(
            file: file, contentType: "image/jpeg", etag: tag, fileName: "\(take.id).jpg", disposition: .inline,
            cacheControl: "private, max-age=86400"
        ).response(to: request)
    }

    private func find(_ context: GatewayContext) async throws -> (take: TakeRecord, project: ProjectRecord) {
        let caller = try context.require(.read)
        guard let take = try await takes.get(try context.identifier("take"), tenant: caller.tenantID) else {
            throw StudioError(.notFound, "there is no such take")
        }
        return (take, try await directory.project(take.project))
    }
}

extension TakeFiles {
    /// Answers with a take's media.
    ///
    /// - Parameters:
    ///   - request: What was asked for: all, a part, or whether it is still the same.
    ///   - take: The take.
    ///   - project: Its project.
    /// - Returns: The answer.
    /// - Throws: `StudioError` with code `not-found` where the take has no media, or it is no longer there; what the storage
    ///   says.
    func response(
        to request: Request, withMediaOf take: TakeRecord, in project: ProjectRecord
    ) async throws -> Response {
        guard let sha256 = take.sha256 else { throw StudioError(.notFound, "the take has no media") }
        let place = MediaPlace(
            path: take.path, sha256: sha256, size: take.sizeBytes, mediaType: take.mediaType,
            fileName: TakeDocument.fileName(of: take))
        if let elsewhere = await links.response(to: request, for: place, in: project) { return elsewhere }
        let file = try await media(of: take, in: project)
        // The bytes behind these addresses never change.
        return try MediaResponse(
            file: file, contentType: take.mediaType, etag: EntityTag(sha256), fileName: TakeDocument.fileName(of: take),
            disposition: .inline, cacheControl: "private, max-age=31536000, immutable"
        ).response(to: request)
    }
}
