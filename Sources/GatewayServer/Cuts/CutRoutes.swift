import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Writing a cut of takes into the project, as OTIO and EDL, for people and programs to go on with.
struct CutRoutes: RouteGroup {
    static let bodyLimit = 4 << 20

    let directory: ProjectDirectory
    let sources: CutSources
    let files: CutFiles

    func addRoutes(to router: Router<GatewayContext>) {
        router.put("/api/v1/projects/{project}/cuts/{cut}", use: put)
    }

    @Sendable private func put(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.work)
        let project = try await directory.writable(try context.parameter("project"), caller: caller)
        let name = try CutName(try context.parameter("cut"), pointer: "/cut").text
        let body = try CutBody(
            try JSONBody.decode(JSONValue.self, from: try await request.collectJSON(limit: Self.bodyLimit)))
        let settings = try await files.settings(of: project)
        let (entries, _) = try await sources.sources(of: body.shots, in: project, pointer: "/shots")
        var cut = try body.shots.cut(name: name, rate: settings.rate, sources: entries, pointer: "/shots")
        if let text = body.startTimecode {
            guard let start = Timecode.frames(text, at: settings.rate) else {
                let detail = "\(text) is no timecode at \(settings.rate) frames a second"
                throw StudioError.invalid([Finding(pointer: "/startTimecode", code: "timecode", detail: detail)])
            }
            cut.globalStart = EditTime(start, at: settings.rate)
            cut.isDropFrame = text.contains(";")
        }
        var seen: Set<String> = []
        let plan = try await files.plan(
            cut, from: entries.filter { seen.insert($0.path).inserted },
            .init(rate: settings.rate, sampleRate: settings.sampleRate), pointer: "/shots")
        var written = [(name: "\(name).otio", content: try cut.otioFile())]
        var problems: [Finding] = []
        do {
            written.append(("\(name).edl", Data(try cut.edl().utf8)))
        } catch {
            // An EDL cannot say everything; OTIO can, and is what counts.
            problems = error.findings
        }
        try await files.write(written, of: project, replacing: body.replaces, author: ProjectAuthor(caller))
        context.logger.info("cut written", metadata: [LogKey.project: "\(project.name)", "cut": "\(name)"])
        let document = CutDocument(
            name: name, files: written.map { "\(CutFiles.folder)/\($0.name)" }, frames: plan.frameCount,
            frameRate: settings.rate.description, shots: plan.chapters.map(\.title),
            notes: (plan.notes + problems).map(\.detail))
        return try .json(document)
    }
}

/// What is sent to write a cut: `{"shots": […], "startTimecode": "01:00:00:00", "replace": false}`.
struct CutBody: Sendable {
    let shots: ShotList
    let startTimecode: String?
    let replaces: Bool

    init(_ body: JSONValue) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        for key in members.keys.sorted() where !["shots", "startTimecode", "replace"].contains(key) {
            findings.append(
                Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here"))
        }
        if let value = members["replace"], value.boolValue == nil {
            findings.append(Finding(pointer: "/replace", code: "type", detail: "must be true or false"))
        }
        if let value = members["startTimecode"], value.stringValue == nil {
            findings.append(Finding(pointer: "/startTimecode", code: "type", detail: "must be a timecode"))
        }
        var shots: ShotList?
        do {
            shots = try ShotList(members["shots"] ?? .null, pointer: "/shots")
        } catch {
            findings += error.findings
        }
        guard findings.isEmpty, let shots else { throw .invalid(findings) }
        self.shots = shots
        startTimecode = members["startTimecode"]?.stringValue
        replaces = members["replace"]?.boolValue ?? false
    }
}

/// A cut that was written.
struct CutDocument: Sendable, Encodable {
    let name: String
    /// The files' paths below the project's folder; an EDL is among them where one can say the cut.
    let files: [String]
    let frames: Int
    let frameRate: String
    /// The shots as they are seen, in order.
    let shots: [String]
    /// What one might not expect: gaps, why there is no EDL.
    let notes: [String]
}
