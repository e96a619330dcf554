import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import GatewayServer

/// Two people who edit one canvas.
@Suite struct CanvasMergeRouteTests {
    private typealias Studio = RunningStudio

    private static func prompts(_ reply: HTTPReply) -> [String?] {
        (reply.json["nodes"]?.arrayValue ?? []).map { $0["data"]?["parameters"]?["prompt"]?.stringValue }
    }

    @Test func `A stale save is told what was changed, where, by whom and when`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let ben = try await studio.person("ben@example.com", .artist)
            let edge: JSONValue = ["id": "e", "source": "a", "target": "b"]
            let base = try #require(
                try await studio.save(
                    Studio.canvas([Studio.node("a"), Studio.node("b")], edges: [edge]), over: studio.etag()
                ).headers["etag"])
            let second = try #require(
                try await studio.save(
                    Studio.canvas([Studio.node("a", "bens"), Studio.node("b")], edges: [edge]), over: base, as: ben
                ).headers["etag"])
            let third = try await studio.save(
                Studio.canvas([Studio.node("a", "bens"), Studio.node("c", at: 4)]), over: second)
            let stale = try await studio.save(
                Studio.canvas([Studio.node("a", "mine"), Studio.node("b")], edges: [edge]), over: base)
            #expect(stale.status == 412 && stale.problem == "precondition-failed", "\(stale.text)")
            #expect(stale.json["currentETag"] == third.headers["etag"].map { JSONValue.string($0) })
            let changes = try #require(stale.json["changes"]?.arrayValue)
            #expect(changes.map { $0["node"]?.stringValue ?? $0["edge"]?.stringValue } == ["a", "b", "c", "e"])
            #expect(changes.map { $0["kind"] } == ["changed", "removed", "added", "removed"])
            #expect(changes.map { $0["by"] } == ["ben@example.com", "Ada", "Ada", "Ada"])
            #expect(changes[0]["fields"] == ["/data/parameters/prompt"] && changes[0]["at"] != nil)
            // What nobody knows the base of is refused without them.
            let unknown = try await studio.save(
                Studio.canvas([]), over: "\"\(String(repeating: "0", count: 40))\"", merge: true)
            #expect(unknown.status == 412 && unknown.json["changes"] == nil && unknown.json["currentETag"] != nil)
            try await studio.expectClean()
        }
    }

    @Test func `With merge both sides' changes are in one commit, and the answer says so`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let base = try #require(
                try await studio.save(Studio.canvas([Studio.node("a"), Studio.node("b")]), over: studio.etag())
                    .headers["etag"])
            _ = try await studio.save(
                Studio.canvas([Studio.node("a", "theirs"), Studio.node("b", at: 3), Studio.node("c")]), over: base)
            let merged = try await studio.save(
                Studio.canvas([Studio.node("a", at: 9), Studio.node("b", "mine", at: 5)]), over: base, merge: true)
            #expect(merged.status == 200 && merged.headers["canvas-merged"] == "true", "\(merged.text)")
            #expect(Self.prompts(merged) == ["theirs", "mine", "x"])
            #expect(merged.json["nodes"]?.arrayValue?.map { $0["position"]?["x"] } == [9, 5, 0])
            let now = try await studio.request("GET", "\(Studio.canvases)/main_canvas")
            #expect(now.text == merged.text && now.headers["etag"] == merged.headers["etag"])
            #expect(try await git("log", "-1", "--format=%s", at: studio.film).contains("merged"))
            try await studio.expectClean()
            // Sent again it is there already.
            let head = try await git("rev-parse", "HEAD", at: studio.film)
            let again = try await studio.save(
                Studio.canvas([Studio.node("a", at: 9), Studio.node("b", "mine", at: 5)]), over: base, merge: true)
            #expect(again.status == 200 && again.headers["etag"] == merged.headers["etag"], "\(again.text)")
            #expect(try await git("rev-parse", "HEAD", at: studio.film) == head)
            // Not stale: nothing to merge.
            let plain = try await studio.save(
                Studio.canvas([]), over: merged.headers["etag"], merge: true)
            #expect(plain.status == 200 && plain.headers["canvas-merged"] == nil)
        }
    }

    @Test func `A conflict names node, field and all three values, and saves nothing`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let base = try #require(
                try await studio.save(Studio.canvas([Studio.node("a"), Studio.node("b")]), over: studio.etag())
                    .headers["etag"])
            let theirs = try await studio.save(Studio.canvas([Studio.node("a", "theirs")]), over: base)
            let conflict = try await studio.save(
                Studio.canvas([Studio.node("a", "mine"), Studio.node("b", "mine")]), over: base, merge: true)
            #expect(conflict.status == 409 && conflict.problem == "canvas-conflict", "\(conflict.text)")
            #expect(conflict.json["currentETag"] == theirs.headers["etag"].map { JSONValue.string($0) })
            let found = try #require(conflict.json["conflicts"]?.arrayValue)
            #expect(
                found == [
                    [
                        "node": "a", "field": "/data/parameters/prompt", "base": "x", "theirs": "theirs",
                        "yours": "mine",
                    ],
                    ["node": "b", "field": "", "base": Studio.node("b"), "yours": Studio.node("b", "mine")],
                ])
            #expect(try await studio.etag() == theirs.headers["etag"])
            try await studio.expectClean()
        }
    }

    @Test func `Bases that people committed, or left in the folder, in their own spelling are found by their tag`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            func write(_ id: String, _ prompt: String) throws {
                try JSONText.compact(Studio.canvas([Studio.node(id, prompt)])).write(
                    to: URL(filePath: studio.canvasPath()))
            }
            try write("a", "1")
            let folder = try await studio.etag()
            // Never committed and never read by anybody else: the text it was read as is all there is of it.
            try write("a", "2")
            _ = try await git("add", "02_Source_Creative", at: studio.film)
            _ = try await git(
                "-c", "user.name=Pat", "-c", "user.email=p@example.com", "commit", "-qm", "By hand", at: studio.film)
            let merged = try await studio.save(
                Studio.canvas([Studio.node("a", "1"), Studio.node("b", "mine")]), over: folder, merge: true)
            #expect(merged.status == 200, "\(merged.text)")
            #expect(Self.prompts(merged) == ["2", "mine"])
            // Committed by hand and never read here: it is looked for in the history.
            let committed = try CanvasVersion(sent: Studio.canvas([Studio.node("a", "2")])).etag
            let again = try await studio.save(
                Studio.canvas([Studio.node("a", "2"), Studio.node("c", "late")]), over: committed.description,
                merge: true)
            #expect(again.status == 200, "\(again.text)")
            #expect(Self.prompts(again) == ["2", "mine", "late"])
            let stale = try await studio.save(Studio.canvas([]), over: committed.description)
            #expect(
                stale.json["changes"]?.arrayValue?.map { $0["by"] } == ["Ada", "Ada"], "\(stale.text)")
            try await studio.expectClean()
        }
    }

    @Test func `Many who merge at once all get in`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let base = try #require(
                try await studio.save(Studio.canvas((0..<6).map { Studio.node("n\($0)") }), over: studio.etag())
                    .headers["etag"])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<6 {
                    tasks.addTask {
                        let nodes = (0..<6).map { Studio.node("n\($0)", $0 == number ? "by \(number)" : "x") }
                        let reply = try await studio.save(Studio.canvas(nodes), over: base, merge: true)
                        #expect(reply.status == 200, "\(reply.text)")
                    }
                }
                try await tasks.waitForAll()
            }
            let now = try await studio.request("GET", "\(Studio.canvases)/main_canvas")
            #expect(Self.prompts(now) == (0..<6).map { "by \($0)" })
            try await studio.expectClean()
        }
    }

    @Test func `History has saves and people's commits; an earlier version is read and restored`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = "\(Studio.canvases)/main_canvas"
            let empty = try await studio.etag()
            let first = try #require(
                try await studio.save(Studio.canvas([Studio.node("a")]), over: empty).headers["etag"])
            try #"{"nodes": [], "edges": [], "hand": 1}"#.write(
                toFile: studio.canvasPath(), atomically: true, encoding: .utf8)
            _ = try await git("add", "02_Source_Creative", at: studio.film)
            _ = try await git(
                "-c", "user.name=Pat", "-c", "user.email=p@example.com", "commit", "-qm", "By hand\n\nMore",
                at: studio.film)
            let hand = try await studio.etag()
            let one = try await studio.request("GET", "\(path)/history?limit=2")
            let versions = try #require(one.json["items"]?.arrayValue)
            #expect(versions.map { $0["etag"] } == [.string(hand), .string(first)], "\(one.text)")
            #expect(versions.map { $0["author"] } == ["Pat", "Ada"])
            #expect(versions.map { $0["message"] } == ["By hand", "Save the canvas main_canvas"])
            let cursor = try #require(one.json["nextCursor"]?.stringValue)
            _ = try await studio.save(Studio.canvas([Studio.node("later")]), over: hand)
            let rest = try await studio.request("GET", "\(path)/history?limit=2&cursor=\(cursor)")
            #expect(rest.json["items"]?.arrayValue?.map { $0["etag"] } == [.string(empty)])
            #expect(rest.json["nextCursor"] == .null)
            #expect(try await studio.request("GET", "\(path)/history?cursor=eA").status == 400)
            #expect(try await studio.request("GET", "\(Studio.canvases)/none/history").status == 404)

            let commit = try #require(versions[1]["commit"]?.stringValue)
            let old = try await studio.request("GET", "\(path)?commit=\(commit)")
            #expect(old.status == 200 && old.headers["etag"] == first)
            #expect(try await studio.request("GET", "\(path)?commit=1").status == 400)
            let none = String(repeating: "0", count: 40)
            #expect(try await studio.request("GET", "\(path)?commit=\(none)").status == 404)
            let body = #"{"commit": "\#(commit)"}"#
            #expect(
                try await studio.request("POST", "\(path)/restore", headers: ["if-match: \(hand)"], body: body).status
                    == 412)
            let now = try await studio.etag()
            let restored = try await studio.request(
                "POST", "\(path)/restore", headers: ["if-match: \(now)"], body: body)
            #expect(restored.status == 200 && restored.headers["etag"] == first, "\(restored.text)")
            #expect(
                try await git("log", "-1", "--format=%s", at: studio.film)
                    == "Restore the canvas main_canvas of \(commit.prefix(12))")
            try await studio.expectClean()
        }
    }
}
