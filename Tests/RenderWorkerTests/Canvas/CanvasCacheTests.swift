import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// What workers do with the nodes of canvases: texts and publications, files of other projects, and files that are gone.
@Suite(.timeLimit(.minutes(10))) struct CanvasCacheTests {
    private static let publish: JSONValue = [
        "name": "publish", "version": "1.0.0", "title": "Publish", "description": "Publishes a text.",
        "category": "Operations",
        "parameters": ["type": "object", "properties": [:]], "inputs": ["source": ["type": "text", "required": true]],
        "outputs": ["file": ["type": "text", "extension": "txt", "primary": true]],
        "quality": ["low": [:], "standard": [:], "high": [:]], "cost": ["credits": 0, "perSecond": 0],
        "timeoutSeconds": 60, "retry": ["maxAttempts": 1], "resources": ["queue": "studio"],
        "runner": ["kind": "builtin", "operation": "publish"],
    ]

    /// A node that writes a text behind those that it reads, or publishes what it reads.
    private func node(
        _ name: String, reads: [Int] = [], in stage: Stage, project: ProjectID? = nil,
        publishing destination: JobDestination? = nil
    ) throws -> NewRunNode {
        let manifest = try destination == nil ? Stage.manifest("write-text") : Self.publish
        let digest = SHA256.hex(of: Array(try JSONText.compact(manifest, sortedKeys: true)))
        let key = SHA256.hex(of: Array(name.utf8))
        var job = NewJob(
            id: JobID(), tenant: stage.tenant, project: project ?? stage.project, user: stage.user,
            shot: destination == .take ? try ShotName("SHOT-010") : nil, version: 1,
            function: destination == nil ? "write-text" : "publish", functionVersion: "1.0.0", functionDigest: digest,
            manifest: manifest, parameters: ["text": .string(name), "origin": ["node": "a"]], quality: .low,
            queue: "studio", maxAttempts: 1, credits: 1)
        job.destination = destination ?? .cache(path: "05_Cache/canvas/\(key)/\(job.id).txt")
        var sources: [String: NewRunNode.Source] = [:]
        for (index, place) in reads.enumerated() {
            sources[destination == nil ? "before/\(index)" : "source"] = .init(position: place)
        }
        return NewRunNode(node: name, key: key, job: job, sources: sources)
    }

    private func start(_ nodes: [NewRunNode], on stage: Stage) async throws -> [JobID] {
        let run = NewRun(
            id: RunID(), tenant: stage.tenant, project: nodes[0].job.project, user: stage.user, canvas: "main_canvas",
            document: "{}", documentDigest: String(repeating: "d", count: 64), asked: [:], nodes: nodes)
        let answer = try await JobAdmission(stage.database).admit(AdmissionUnit(run: run))
        guard case .run(let admitted) = answer else { throw Unexpected(what: "\(answer)") }
        return admitted.nodes.compactMap(\.job)
    }

    private func text(_ path: String, project: String = "film", on stage: Stage) -> String? {
        FileManager.default.contents(atPath: stage.workspace.path("Projects/\(project)/\(path)"))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func textsFollowOneAnotherAndArePublishedAsTheyAre() async throws {
        try await Stage.with { stage in
            let jobs = try await start(
                [
                    node("a", in: stage), node("b", reads: [0], in: stage),
                    node("take", reads: [1], in: stage, publishing: .take),
                    node(
                        "export", reads: [1], in: stage, publishing: .export(path: "06_Exports/b.txt", replaces: false)),
                ], on: stage)
            for job in jobs { #expect(try await stage.attempt(job).state == .succeeded) }
            let take = try #require(try await stage.takes.get(job: jobs[2]))
            #expect(text(take.path, on: stage) == "a\nb\n")
            #expect(text("06_Exports/b.txt", on: stage) == "a\nb\n")
            #expect(take.provenance?["parameters"]?["origin"] == ["node": "a"])
            #expect(take.provenance?["inputs"]?.arrayValue?.first?["sha256"]?.stringValue == take.sha256)
            // What people do to an export does nothing to the cache.
            let cached = try #require(try await stage.files.list(of: jobs[1]).first)
            let export = try FileStatus(path: stage.projectPath + "/06_Exports/b.txt")
            #expect(try !export.isSameFile(as: FileStatus(path: "\(stage.projectPath)/\(cached.path)")))
            #expect(export.permissions == 0o644)
            #expect(try await stage.git("status", "--porcelain") == "")
            try await stage.checkScratch()
        }
    }

    @Test(arguments: [true, false]) func whoFindsAFileGoneWaitsUntilItIsMadeAgain(isDamaged: Bool) async throws {
        try await Stage.with { stage in
            let first = try await start([node("a", in: stage)], on: stage)
            #expect(try await stage.attempt(first[0]).state == .succeeded)
            let path = try #require(try await stage.files.list(of: first[0]).first?.path)
            let second = try await start([node("a", in: stage), node("b", reads: [0], in: stage)], on: stage)
            #expect(second[0] == first[0])
            try FileManager.default.removeItem(atPath: "\(stage.projectPath)/\(path)")
            if isDamaged { try stage.writeInput("x\n".utf8, path) }
            let waiting = try await stage.attempt(second[1])
            #expect(waiting.state == .waiting && waiting.countedAttempts == 0)
            #expect(text(path, on: stage) == nil)
            #expect(try await StoreAudit(stage.database).run() == [])
            let again = try #require(waiting.dependsOn.first)
            let made = try await stage.attempt(again)
            #expect(made.state == .succeeded && made.credits == 0)
            #expect(try await stage.attempt(second[1]).state == .succeeded)
            let file = try #require(try await stage.files.list(of: second[1]).first?.path)
            #expect(text(file, on: stage) == "a\nb\n")
            try await stage.checkScratch()
        }
    }

    @Test func aFileThatNoCanvasMadeFailsItsReaderAsBefore() async throws {
        try await Stage.with { stage in
            let made = try await stage.submit(destination: .cache(path: nil))
            #expect(try await stage.attempt(made).state == .succeeded)
            let path = try #require(try await stage.files.list(of: made).first?.path)
            let reader = try await stage.submit(
                "transcode", parameters: [:], inputs: ["source": "job:\(made)"], maxAttempts: 1)
            try FileManager.default.removeItem(atPath: "\(stage.projectPath)/\(path)")
            let failed = try await stage.attempt(reader)
            #expect(failed.state == .failed && failed.failure?.code == .inputMissing)
        }
    }

    @Test func anotherProjectReadsTheSameFile() async throws {
        try await Stage.with { stage in
            let other = ProjectID()
            let projects = ProjectStore(stage.database)
            _ = try await projects.begin(
                NewProject(
                    id: other, tenant: stage.tenant, name: try ProjectName("other"), title: "Other",
                    createdBy: stage.user))
            _ = try await projects.finishScaffold(other)
            try FileManager.default.createDirectory(
                atPath: stage.workspace.path("Projects/other/05_Cache/jobs"), withIntermediateDirectories: true)
            let first = try await start([node("a", in: stage)], on: stage)
            #expect(try await stage.attempt(first[0]).state == .succeeded)
            let second = try await start(
                [node("a", in: stage, project: other), node("b", reads: [0], in: stage, project: other)], on: stage)
            #expect(second[0] == first[0])
            #expect(try await stage.attempt(second[1]).state == .succeeded)
            let file = try #require(try await stage.files.list(of: second[1]).first)
            #expect(file.project == other)
            #expect(text(file.path, project: "other", on: stage) == "a\nb\n")
            // Gone there, it is made again where it was.
            let path = try #require(try await stage.files.list(of: first[0]).first?.path)
            try FileManager.default.removeItem(atPath: "\(stage.projectPath)/\(path)")
            let third = try await start(
                [node("a", in: stage, project: other), node("c", reads: [0], in: stage, project: other)], on: stage)
            let waiting = try await stage.attempt(third[1])
            #expect(waiting.state == .waiting)
            let again = try await stage.attempt(try #require(waiting.dependsOn.first))
            #expect(again.state == .succeeded && again.project == stage.project)
            #expect(try await stage.attempt(third[1]).state == .succeeded)
        }
    }
}
