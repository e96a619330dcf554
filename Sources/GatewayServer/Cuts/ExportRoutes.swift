import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Making films of cuts: everything is checked first, then a job makes the file in `06_Exports/`.
struct ExportRoutes: RouteGroup {
    static let bodyLimit = 4 << 20

    let submission: JobSubmission
    let sources: CutSources
    let files: CutFiles

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/projects/{project}/exports", use: export)
    }

    @Sendable private func export(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let name = try context.parameter("project")
        return try await submission.submit(request, body: data, project: name, caller: caller, context: context) {
            document, project in
            let planned = try await plan(try ExportBody(document), for: project)
            return [
                try await submission.planned(
                    planned, project: project, caller: caller, origin: SubmissionOrigin(context))
            ]
        }
    }

    /// The job that makes an export, once its cut was held against the takes and files that are there.
    private func plan(_ body: ExportBody, for project: ProjectRecord) async throws -> Submission {
        let settings = try await files.settings(of: project)
        let (cut, found) = try await asked(body, settings, project)
        let plan: ConformPlan
        do {
            plan = try ConformPlan(
                cut, from: ConformCatalogue(found.sources),
                settings: .init(
                    rate: settings.rate, sampleRate: settings.sampleRate, refusesGaps: body.refusesGaps))
        } catch {
            throw StudioError.invalid(error.findings.map { CutFiles.placed($0, at: "/cut") })
        }
        let catalogue = ConformCatalogue(found.sources)
        // The job gets the cut as it was now, with the sources that were found: what changes later changes nothing.
        let settled = cut.naming { clip in
            guard case .source(let index) = catalogue.source(of: clip) else { return nil }
            return .reference(catalogue.sources[index].path)
        }
        let paths = plan.sources.map(\.path)
        var parameters = body.target
        parameters["cut"] = settled.withoutOthers.otio
        parameters["sources"] = .array(paths.map { .string($0) })
        parameters["title"] = .string(cut.name.isEmpty ? body.name : String(cut.name.prefix(200)))
        parameters["frameRate"] = parameters["frameRate"] ?? .string(settings.rate.description)
        parameters["width"] = parameters["width"] ?? .integer(Int64(settings.width))
        parameters["height"] = parameters["height"] ?? .integer(Int64(settings.height))
        parameters["sampleRate"] = parameters["sampleRate"] ?? .integer(Int64(settings.sampleRate))
        parameters["gaps"] = body.refusesGaps ? "refuse" : "black"
        var submission = Submission(
            function: "conform", parameters: parameters,
            inputs: ["sources": paths.compactMap { found.references[$0] }],
            destination: .export(path: "\(WorkspaceLayout.exports)/\(body.name)", replaces: body.replaces),
            priority: body.priority)
        submission.quality = body.quality
        return submission
    }

    private func asked(
        _ body: ExportBody, _ settings: CutSettings, _ project: ProjectRecord
    ) async throws -> (Cut, CutSources.Found) {
        switch body.cut {
        case .file(let path):
            let cut = try await files.read(path, of: project, rate: settings.rate, pointer: "/cut")
            return (cut, try await sources.sources(of: cut, in: project))
        case .list(let list):
            let (entries, found) = try await sources.sources(of: list, in: project, pointer: "/cut")
            return (try list.cut(name: body.name, rate: settings.rate, sources: entries, pointer: "/cut"), found)
        }
    }
}
