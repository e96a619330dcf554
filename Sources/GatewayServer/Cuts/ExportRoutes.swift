import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Making films of cuts: everything is checked first, then a job makes the file in `06_Exports/`, or several make its chunks
/// and one joins them.
struct ExportRoutes: RouteGroup {
    static let bodyLimit = 4 << 20

    let submission: JobSubmission
    let sources: CutSources
    let files: CutFiles
    let lanes: FilmLanes

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/projects/{project}/exports", use: export)
    }

    @Sendable private func export(_ request: Request, context: GatewayContext) async throws -> JSONAnswer {
        let caller = try context.require(.work)
        let data = try await request.collectJSON(limit: Self.bodyLimit)
        let name = try context.parameter("project")
        return try await submission.submit(request, body: data, project: name, caller: caller, context: context) {
            document, project in
            let body = try ExportBody(document)
            let (planned, film) = try await plan(body, for: project)
            let origin = SubmissionOrigin(context)
            guard let chunked = try await chunked(planned, film, body.split) else {
                return [try await submission.planned(planned, project: project, caller: caller, origin: origin)]
            }
            return try await submission.planned(chunked, project: project, caller: caller, origin: origin)
        }
    }

    /// The film in chunks; nil where it is made in one piece.
    private func chunked(
        _ whole: Submission, _ plan: ConformPlan, _ mode: ChunkPlan.Mode
    ) async throws -> ChunkedSubmission? {
        guard mode != .never else { return nil }
        let catalogue = submission.library.revisions.catalogue
        let function = try catalogue.function(named: whole.function)
        // A rate or a number of frames that is none is refused with the rest of the parameters.
        guard let rate = whole.parameters["frameRate"]?.stringValue.flatMap(EditRate.init(parsing:)) else { return nil }
        // Chunks are cut out of a film whose length and sound are known; the sources' probes tell them.
        let unprobed = plan.sources.first { !$0.isProbed }
        let coding = ChunkedCoding(parameters: whole.parameters, rate: rate)
        if case .chunks = mode {
            let reason =
                unprobed.map { "nobody has looked into \($0.path) yet" }
                ?? (coding == nil ? "a file of this kind has no pictures that could be joined" : nil)
            if let reason {
                let detail = "the film cannot be made in chunks: \(reason)"
                throw StudioError.invalid([Finding(pointer: "/split", code: "unsupported", detail: detail)])
            }
            _ = try catalogue.function(named: "join")
        }
        guard let coding, unprobed == nil, catalogue.functions["join"] != nil else { return nil }
        let film = ChunkPlan.Film(frameCount: plan.frameCount, rate: rate, coding: coding)
        let hosts = mode == .auto ? try await lanes.hosts(for: function) : 0
        let ranges = ChunkPlan.ranges(of: film, hosts: hosts, mode: mode)
        guard !ranges.isEmpty else { return nil }
        let hasSound = !plan.sounds.isEmpty && whole.parameters["audioCodec"] != "none"
        return ChunkedSubmission(
            whole: whole, chunks: ranges, hasSound: hasSound,
            container: whole.parameters["container"]?.stringValue ?? "mp4",
            audioCodec: whole.parameters["audioCodec"]?.stringValue, ending: .join(words: Self.words(of: plan, whole)))
    }

    /// What the film says of itself, as the function `join` takes it.
    private static func words(of plan: ConformPlan, _ whole: Submission) -> [String: JSONValue] {
        var words: [String: JSONValue] = [
            "chapters": .array(
                plan.chapters.map { chapter in
                    [
                        "title": .string(String(chapter.title.prefix(1024))),
                        "firstFrame": .integer(Int64(chapter.frames.lowerBound)),
                        "frameCount": .integer(Int64(chapter.frames.count)),
                    ]
                })
        ]
        words["title"] = whole.parameters["title"]
        words["startTimecode"] = plan.startTimecode.map { .string($0) }
        return words
    }

    /// The job that makes an export in one piece, once its cut was held against the takes and files that are there, and what
    /// it makes.
    private func plan(_ body: ExportBody, for project: ProjectRecord) async throws -> (Submission, ConformPlan) {
        let settings = try await files.settings(of: project)
        // What the target says of the rate counts; a rate that is none is refused with the other parameters.
        let rate = body.target["frameRate"]?.stringValue.flatMap(EditRate.init(parsing:)) ?? settings.rate
        let (cut, found) = try await asked(body, settings, project)
        let plan = try await files.plan(
            cut, from: found.sources,
            .init(rate: rate, sampleRate: settings.sampleRate, refusesGaps: body.refusesGaps), pointer: "/cut")
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
        return (submission, plan)
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
