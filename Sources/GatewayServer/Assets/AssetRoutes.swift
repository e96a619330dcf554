import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What lies in a project's asset folder, and what was made of it.
struct AssetRoutes: RouteGroup {
    let directory: ProjectDirectory
    let assets: AssetStore
    let planner: DerivativePlanner
    let folders: ProjectFolders

    /// A probe is a page of text.
    private static let longestProbe = 1 << 20

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/projects/{project}/assets", use: list)
        router.get("/api/v1/projects/{project}/assets/**", use: get)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let page = try PageRequest(request)
        let folder = try request.uri.queryParameters["under"].map {
            try RelativePath(sent: String($0), pointer: "/under").text
        }
        let rows = try await assets.list(
            project: project.id, under: folder, limit: page.limit + 1, after: page.cursor)
        return try .json(
            Page(rows, for: page, key: { $0.path }) { AssetDocument($0, project: project.name) })
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.read)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let path = try FileAccess.readable(try context.pathTail())
        guard let asset = try await assets.get(project: project.id, path: path.text) else {
            throw StudioError(.notFound, "no such asset has been taken in")
        }
        var frames = try await sequence(of: asset, in: project)
        var plans = planner.plans(forSequence: frames)
        var jobs = try await planner.store.jobs(of: project.id, at: plans.map(\.path))
        // Numbered pictures are a sequence once they have been taken for one: a camera's roll is not.
        if let probe = plans.first(where: { $0.kind == .probe }), jobs[probe.path] == nil { frames = [] }
        if frames.isEmpty {
            plans = planner.plans(for: asset)
            jobs = try await planner.store.jobs(of: project.id, at: plans.map(\.path))
        }
        var derivatives: [AssetDerivativeDocument] = []
        var probe: JSONValue?
        for plan in plans {
            guard let job = jobs[plan.path] else { continue }
            derivatives.append(AssetDerivativeDocument(plan.kind, job))
            if plan.kind == .probe, job.path != nil { probe = try await document(plan.path, in: project) }
        }
        return try .json(
            AssetDocument(
                asset, project: project.name, probe: probe, derivatives: derivatives,
                sequence: AssetSequenceDocument(frames)),
            headers: [.eTag: EntityTag(asset.sha256).description])
    }

    /// The pictures of the sequence that an asset is part of; none where it is by itself.
    private func sequence(of asset: AssetRecord, in project: ProjectRecord) async throws -> [AssetRecord] {
        guard let sequence = AssetSequence(frame: asset.path) else { return [] }
        let frames = try await AssetSequences(assets: assets, folders: folders).frames(of: sequence, in: project.id)
        return frames.count < AssetSequence.fewest ? [] : frames
    }

    /// A JSON document of the cache; nil where the cache was emptied.
    private func document(_ path: String, in project: ProjectRecord) async throws -> JSONValue? {
        try await folders.blocking { [folders] in
            guard let file = try? folders.open(project).open(RelativePath(path)),
                let bytes = try? FileBytes.contents(of: file.raw, path: path, atMost: Self.longestProbe)
            else { return nil }
            return try? JSONText.decode(JSONValue.self, from: Data(bytes))
        }
    }
}

/// An asset as clients see it.
struct AssetDocument: Encodable, Sendable {
    struct Links: Encodable, Sendable {
        let `self`: String
        /// Its bytes.
        let file: String
    }

    let path: String
    let fileName: String
    let mediaType: String
    let sha256: String
    let sizeBytes: Int64
    let changedAt: Date
    /// What it is, or of a picture in a sequence what that is; only where one asset is asked for, once that is known.
    let probe: JSONValue?
    /// What was or is being made of it, or of its sequence; only where one asset is asked for.
    let derivatives: [AssetDerivativeDocument]?
    /// The sequence that it is a picture of; only where one asset is asked for.
    let sequence: AssetSequenceDocument?
    let links: Links

    init(
        _ asset: AssetRecord, project: String, probe: JSONValue? = nil, derivatives: [AssetDerivativeDocument]? = nil,
        sequence: AssetSequenceDocument? = nil
    ) {
        path = asset.path
        fileName = asset.path.split(separator: "/").last.map(String.init) ?? asset.path
        mediaType = FileTypes.mediaType(of: fileName)
        sha256 = asset.sha256
        sizeBytes = asset.sizeBytes
        changedAt = asset.changedAt
        self.probe = probe
        self.derivatives = derivatives
        self.sequence = sequence
        let tail = asset.path.split(separator: "/").map { PercentCoding.encode(String($0)) }.joined(separator: "/")
        links = Links(
            self: "/api/v1/projects/\(project)/assets/\(tail)", file: "/api/v1/projects/\(project)/files/\(tail)")
    }
}

/// A sequence of pictures as clients see it.
struct AssetSequenceDocument: Encodable, Sendable {
    /// The names, with `#` for each digit of the number.
    let pattern: String
    let first: Int
    let last: Int
    /// The digits that numbers are filled up to with zeros; left out where the names disagree.
    let padding: Int?
    /// The pictures that have been taken in.
    let count: Int
    /// How many numbers are missing between the first and the last one.
    let missingCount: Int

    /// Describes the sequence of some pictures; nil where there are none.
    init?(_ frames: [AssetRecord]) {
        let names = frames.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
        guard let numbering = FrameSequence(names: names).numbering else { return nil }
        (pattern, first, last, padding) = (numbering.pattern, numbering.first, numbering.last, numbering.padding)
        count = frames.count
        missingCount = numbering.last - numbering.first + 1 - frames.count
    }
}

/// What a job makes, or made, of an asset.
struct AssetDerivativeDocument: Encodable, Sendable {
    let kind: AssetDerivative
    let job: JobID
    let state: JobState
    /// Where its bytes are, once there are any.
    let link: String?

    init(_ kind: AssetDerivative, _ job: PlacedJob) {
        self.kind = kind
        self.job = job.job
        state = job.state
        link = job.path == nil ? nil : job.port.map { "\(JobLinks.path(of: job.job))/files/\($0)" }
    }
}
