import Hummingbird
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What follows a change of a canvas that is committed: everybody who watches is told, and the person's autosave goes. None of
/// it makes the request fail, which would only be sent again.
struct CanvasNews: Sendable {
    let projects: ProjectStore
    let autosaves: CanvasAutosaves
    let announcer: EventAnnouncer

    /// After a save.
    func saved(
        _ saved: CanvasSaving.Saved, _ name: CanvasName, _ project: ProjectRecord, _ caller: Caller,
        _ context: GatewayContext
    ) async {
        if saved.isNews { await tell(name, saved.version.etag, project, caller, context) }
        await forgetAutosave(of: name, project, caller, context)
        context.logger.info("canvas saved", metadata: Self.metadata(name, project))
    }

    /// After a deletion.
    func deleted(_ name: CanvasName, _ project: ProjectRecord, _ caller: Caller, _ context: GatewayContext) async {
        await tell(name, nil, project, caller, context)
        await forgetAutosave(of: name, project, caller, context)
        context.logger.info("canvas deleted", metadata: Self.metadata(name, project))
    }

    private func tell(
        _ name: CanvasName, _ etag: EntityTag?, _ project: ProjectRecord, _ caller: Caller, _ context: GatewayContext
    ) async {
        do {
            try await projects.tellCanvas(name.text, etag: etag?.description, of: project.id, by: caller.userID)
            await announcer.announce()
        } catch {
            context.logger.warning(
                "a change of a canvas could not be told", error: error, metadata: Self.metadata(name, project))
        }
    }

    private func forgetAutosave(
        of name: CanvasName, _ project: ProjectRecord, _ caller: Caller, _ context: GatewayContext
    ) async {
        do {
            try await autosaves.remove(name, user: caller.userID, in: project)
        } catch {
            context.logger.warning(
                "an autosave could not be removed", error: error, metadata: Self.metadata(name, project))
        }
    }

    private static func metadata(_ name: CanvasName, _ project: ProjectRecord) -> Logger.Metadata {
        [LogKey.project: "\(project.name)", "canvas": "\(name.text)"]
    }
}
