import FoundationEssentials
import Glibc
import NIOPosix
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// Canvases as documents: saved with commits, over what was read, beside people who work in the folder.
@Suite struct CanvasSavingTests {
    private typealias Studio = RunningStudio

    @Test func `The main canvas is saved with one commit that has project json too; the same again makes none`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let first = try await studio.request("GET", "\(Studio.canvases)/main_canvas")
            #expect(first.status == 200 && first.json["nodes"] == [])
            let empty = try #require(first.headers["etag"])
            var nodes = [Studio.node("a"), Studio.node("b")]
            var members = nodes[0].objectValue ?? [:]
            (members["selected"], members["x-mine"]) = (true, [1, 2])
            nodes[0] = .object(members)
            let saved = try await studio.save(Studio.canvas(nodes), over: empty)
            #expect(saved.status == 200, "\(saved.text)")
            let etag = try #require(saved.headers["etag"])
            #expect(etag != empty && saved.json["nodes"]?.arrayValue?.first?["x-mine"] == [1, 2])
            #expect(saved.json["nodes"]?.arrayValue?.first?["selected"] == nil)
            #expect(try String(contentsOfFile: studio.canvasPath(), encoding: .utf8) == saved.text)
            #expect(saved.text.hasPrefix("{\n  \"edges\": [],\n  \"nodes\": [\n    {\n      \"data\": {"))
            #expect(etag == "\"\(try await git("hash-object", studio.canvasPath(), at: studio.film))\"")
            try await studio.expectClean()
            #expect(
                try await git("log", "-1", "--format=%an %s", "--name-only", at: studio.film)
                    == "Ada Save the canvas main_canvas\n\n02_Source_Creative/Canvases/main_canvas.json\nproject.json")
            let head = try await git("rev-parse", "HEAD", at: studio.film)
            // Also with the version before: the answer to the first request may have been lost.
            for over in [etag, empty] {
                let again = try await studio.save(Studio.canvas(nodes), over: over)
                #expect(again.status == 200 && again.headers["etag"] == etag, "\(again.text)")
            }
            #expect(try await git("rev-parse", "HEAD", at: studio.film) == head)
            let known = try await studio.request(
                "GET", "\(Studio.canvases)/main_canvas", headers: ["if-none-match: \(etag)"])
            #expect(known.status == 304)
        }
    }

    @Test func `Canvases are made, listed, deleted and made again`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let ben = try await studio.person("ben@example.com", .artist)
            let made = try await studio.save(
                Studio.canvas([Studio.node("a")]), "look-dev_2", over: nil, as: ben)
            #expect(made.status == 201 && made.headers["location"] == "\(Studio.canvases)/look-dev_2", "\(made.text)")
            let etag = try #require(made.headers["etag"])
            let other = try await studio.save(Studio.canvas([]), "look-dev_2", over: nil)
            #expect(other.status == 412 && other.json["currentETag"] == .string(etag), "\(other.text)")
            #expect(try await studio.save(Studio.canvas([]), "Look-Dev_2", over: nil).status == 409)
            #expect(try await studio.save(Studio.canvas([]), "..", over: nil).status == 400)
            let list = try await studio.request("GET", "\(Studio.canvases)?limit=1")
            let line = try #require(list.json["items"]?.arrayValue?.first)
            #expect(line["name"] == "look-dev_2" && line["etag"] == .string(etag) && line["nodes"] == 1)
            #expect(line["updatedBy"] == "ben@example.com")
            let next = try #require(list.json["nextCursor"]?.stringValue)
            let rest = try await studio.request("GET", "\(Studio.canvases)?cursor=\(next)")
            #expect(rest.json["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["main_canvas"])
            let path = "\(Studio.canvases)/look-dev_2"
            #expect(try await studio.request("DELETE", path).status == 428)
            #expect(try await studio.request("DELETE", path, headers: ["if-match: \"x\""]).status == 412)
            let gone = try await studio.request("DELETE", path, headers: ["if-match: \(etag)"])
            #expect(gone.status == 204, "\(gone.text)")
            try await studio.expectClean()
            #expect(try await studio.request("GET", path).status == 404)
            let main = try await studio.etag()
            let kept = try await studio.request(
                "DELETE", "\(Studio.canvases)/main_canvas", headers: ["if-match: \(main)"])
            #expect(kept.status == 409)
            // Its history is there, and brings it back.
            let history = try await studio.request("GET", "\(path)/history")
            let versions = try #require(history.json["items"]?.arrayValue)
            #expect(versions.map { $0["etag"] } == [nil, .string(etag)], "\(history.text)")
            let commit = try #require(versions.last?["commit"]?.stringValue)
            let back = try await studio.request(
                "POST", "\(path)/restore", headers: ["if-none-match: *"], body: #"{"commit": "\#(commit)"}"#)
            #expect(back.status == 201 && back.headers["etag"] == etag, "\(back.text)")
            try await studio.expectClean()
        }
    }

    @Test func `What is refused is refused with all that is wrong, and nothing is written`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let etag = try await studio.etag()
            let path = "\(Studio.canvases)/main_canvas"
            let head = try await git("rev-parse", "HEAD", at: studio.film)
            #expect(try await studio.request("PUT", path, body: #"{"nodes": []}"#).status == 428)
            let wrong = try await studio.request(
                "PUT", path, headers: ["if-match: \(etag)"], body: #"{"nodes": [{"id": "a"}], "edges": [1]}"#)
            #expect(wrong.status == 400 && wrong.text.contains("/nodes/0/type") && wrong.text.contains("/edges/0"))
            let double = try await studio.save(Studio.canvas([Studio.node("a"), Studio.node("a")]), over: etag)
            let finding = try #require(double.json["errors"]?.arrayValue?.first)
            #expect(double.status == 400 && finding["code"] == "duplicate-id" && finding["node"] == "a")
            let many = Studio.canvas((0...CanvasVersion.mostNodes).map { Studio.node("n\($0)") })
            #expect(try await studio.save(many, over: etag).status == 400)
            let long = try await studio.request(
                "PUT", path,
                headers: ["if-match: \(etag)", "content-type: application/json", "content-length: 99999999"])
            #expect(long.status == 413)
            _ = try await studio.request("POST", "/api/v1/projects/film/archive")
            #expect(try await studio.save(Studio.canvas([Studio.node("a")]), over: etag).status == 409)
            #expect(try await studio.request("GET", path).status == 200)
            #expect(try await git("rev-parse", "HEAD", at: studio.film) == head)
            try await studio.expectClean()
        }
    }

    @Test func `What a person changed in the folder counts, and is in the history before it is saved over`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let before = try await studio.etag()
            let theirs = #"{"nodes":[{"id":"mine","type":"note","position":{"x":1,"y":2},"data":{}}],"edges":[]}"#
            try theirs.write(toFile: studio.canvasPath(), atomically: true, encoding: .utf8)
            let read = try await studio.request("GET", "\(Studio.canvases)/main_canvas")
            let etag = try #require(read.headers["etag"])
            #expect(etag != before && read.json["nodes"]?.arrayValue?.first?["id"] == "mine")
            #expect(try await studio.save(Studio.canvas([Studio.node("a")]), over: before).status == 412)
            let saved = try await studio.save(Studio.canvas([Studio.node("a")]), over: etag)
            #expect(saved.status == 200, "\(saved.text)")
            try await studio.expectClean()
            #expect(try await git("show", "HEAD~1:\(WorkspaceLayout.mainCanvas)", at: studio.film) == theirs)
            // By a person's own commit, in their own spelling: the tag is of what it says.
            let manifest = try String(contentsOfFile: studio.film + "/project.json", encoding: .utf8)
            try manifest.replacing("A film", with: "Their film").write(
                toFile: studio.film + "/project.json", atomically: true, encoding: .utf8)
            try theirs.write(toFile: studio.canvasPath(), atomically: true, encoding: .utf8)
            _ = try await git("add", "02_Source_Creative", at: studio.film)
            _ = try await git(
                "-c", "user.name=Pat", "-c", "user.email=pat@example.com", "commit", "-qm", "By hand", at: studio.film)
            #expect(try await studio.etag() == etag)
            let mended = try await studio.save(Studio.canvas([Studio.node("b")]), over: etag)
            #expect(mended.status == 200, "\(mended.text)")
            try await studio.expectClean()
            // Their other change of project.json went nowhere.
            #expect(try ProjectScaffold.manifest(ofProjectAt: studio.film).title == "Their film")
        }
    }

    @Test func `A file that is no canvas is told of and can be saved over`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            try "{".write(toFile: studio.canvasPath(), atomically: true, encoding: .utf8)
            let read = try await studio.request("GET", "\(Studio.canvases)/main_canvas")
            #expect(read.status == 409 && read.text.contains("main_canvas.json"), "\(read.text)")
            let list = try await studio.request("GET", Studio.canvases)
            let line = try #require(list.json["items"]?.arrayValue?.first)
            #expect(line["problem"] != nil)
            let etag = try #require(line["etag"]?.stringValue)
            #expect(try await studio.save(Studio.canvas([]), over: etag).status == 200)
            try await studio.expectClean()
        }
    }

    @Test func `Of two who save over the same version at the same moment one is refused`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let etag = try await studio.etag()
            let replies = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for number in 0..<6 {
                    tasks.addTask {
                        try await studio.save(Studio.canvas([Studio.node("n\(number)")]), over: etag).status
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(replies.sorted() == [200, 412, 412, 412, 412, 412])
            try await studio.expectClean()
        }
    }

    @Test(arguments: [false, true])
    func `Killed between the two files and the commit, the next finishes the save`(_ restarts: Bool) async throws {
        let ground = try await RunningStudio.Ground.make()
        let tag = Watched("")
        try await RunningStudio.run(on: ground) { studio async throws in
            try await studio.project()
            let etag = try await studio.etag()
            tag.update { $0 = etag }
        }
        let before = tag.value
        let path = ground.projectPath("film")
        let lock = "\(path)/.git/refs/heads/main.lock"
        let head = try await git("rev-parse", "HEAD", at: path)
        try "held".write(toFile: lock, atomically: true, encoding: .utf8)
        let text = try JSONText.string(RunningStudio.canvas([RunningStudio.node("a")]))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, text = text as String] in
            let folders = ProjectFolders(root: path, threads: .singleton)
            let version = try CanvasVersion(sent: JSONText.decode(JSONValue.self, from: text))
            let checkout = CanvasSaving.Checkout(
                directory: try SafeDirectory(path),
                // It waits for the branch's lock after both files and the index are written.
                repository: try GitRepository(at: path, patience: LockPatience { _ in kill(getpid(), SIGKILL) }))
            _ = try CanvasSaving.save(
                .init(
                    name: CanvasName("main_canvas", pointer: ""), version: version,
                    condition: CanvasCondition(ifMatch: .any),
                    author: .studio),
                in: checkout, CanvasHistory(folders: folders, digests: CanvasDigests()))
        }
        #expect(FileManager.default.fileExists(atPath: "\(path)/.git/index.lock"))
        #expect(try await git("rev-parse", "HEAD", at: path) == head)
        try FileManager.default.removeItem(atPath: lock)
        try await RunningStudio.run(on: ground) { studio async throws in
            if !restarts {
                // The client asks again, since it heard nothing.
                let again = try await studio.save(RunningStudio.canvas([RunningStudio.node("a")]), over: before)
                #expect(again.status == 200, "\(again.text)")
            }
            try await eventually("the save is finished") {
                try await git("rev-list", "--count", "\(head)..HEAD", at: path) == "1"
            }
            try await studio.expectClean()
            #expect(
                try await studio.request("GET", "\(RunningStudio.canvases)/main_canvas").json["nodes"]?.arrayValue?
                    .count == 1)
        }
    }

    @Test func `A deletion that was cut off is finished by the same request`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let etag = try #require(
                try await studio.save(Studio.canvas([Studio.node("a")]), "b", over: nil).headers["etag"])
            try FileManager.default.removeItem(atPath: studio.canvasPath("b"))
            let gone = try await studio.request("DELETE", "\(Studio.canvases)/b", headers: ["if-match: \(etag)"])
            #expect(gone.status == 204, "\(gone.text)")
            try await studio.expectClean()
            #expect(
                try await studio.request("DELETE", "\(Studio.canvases)/b", headers: ["if-match: \(etag)"]).status
                    == 404)
        }
    }

    @Test func `A save is told to everybody who watches the project`() async throws {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let saved = try await studio.save(Studio.canvas([Studio.node("a")]), over: studio.etag())
            let made = try await studio.save(Studio.canvas([]), "b", over: nil)
            let etag = try #require(made.headers["etag"])
            _ = try await studio.request("DELETE", "\(Studio.canvases)/b", headers: ["if-match: \(etag)"])
            let store = EventStore(studio.parts.database)
            func read() async throws -> [StoredEvent] {
                let all = try await store.read(.project(project.id), after: EventCursor(transaction: 0, id: 0))
                return all.filter { $0.payload["change"] == "canvas" }
            }
            try await eventually("three events") { try await read().count == 3 }
            let events = try await read()
            #expect(events.map { $0.payload["canvas"] } == ["main_canvas", "b", "b"])
            #expect(
                events.map { $0.payload["etag"] }
                    == [saved.headers["etag"].map { JSONValue.string($0) }, .string(etag), .null])
            #expect(events.allSatisfy { $0.payload["by"] == .string(studio.admin.id.description) })
        }
    }
}
