import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// From an empty machine to a finished, versioned render, through the real programs.
@Suite("The first take", .serialized)
struct FirstTakeTests {
    @Test("A mock video becomes a take that the API, the disk, Git and LFS agree on")
    func mockVideo() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let before = try await stack.api.get("/api/v1/me").json["credits"]
        let parameters: JSONValue = ["prompt": "dawn over a harbour", "seconds": 1, "width": 320, "height": 180]
        let first = try await stack.submit("mock-video", parameters: parameters)
        let done = try await stack.wait(for: first, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(done["progress"] == 1)
        #expect(done["attempt"] == 1)

        let take = try #require(try await stack.takes().first)
        #expect(take["path"] == "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4")
        let id = try #require(take["id"]?.stringValue)
        let media = try await stack.api.get("/api/v1/takes/\(id)/media")
        #expect(media.status == 200)
        #expect(media.headers["content-type"] == "video/mp4")
        #expect(media.bytes.count == take["sizeBytes"]?.intValue)
        let onDisk = try Data(
            contentsOf: URL(fileURLWithPath: stack.folder(of: "film") + "/03_Renders/SHOT-010/SHOT-010_v01_take01.mp4"))
        #expect(media.bytes == onDisk)
        let part = try await stack.api.get("/api/v1/takes/\(id)/media", headers: ["Range": "bytes=4-7"])
        #expect(part.status == 206)
        #expect(part.text == "ftyp")
        let thumbnail = try await stack.api.get("/api/v1/takes/\(id)/thumbnail")
        #expect(thumbnail.bytes.prefix(3) == Data([0xFF, 0xD8, 0xFF]))

        // The stock tools agree.
        try await stack.expectSound()
        #expect(try await stack.person("git", "lfs", "ls-files").contains("SHOT-010_v01_take01.mp4"))
        let pointer = try await stack.person(
            "git", "cat-file", "-p", "HEAD:03_Renders/SHOT-010/SHOT-010_v01_take01.mp4")
        #expect(pointer.hasPrefix("version https://git-lfs.github.com/spec/v1\n"))
        #expect(pointer.contains(try #require(take["sha256"]?.stringValue)))
        let sidecar = try await stack.person("git", "show", "HEAD:03_Renders/SHOT-010/SHOT-010_v01_take01.json")
        #expect(sidecar.contains("dawn over a harbour"))

        // What was held is settled, and nothing else moved.
        let after = try await stack.api.get("/api/v1/me").json["credits"]
        let price = (before?["available"]?.intValue ?? 0) - (after?["available"]?.intValue ?? 0)
        #expect(price > 0)
        #expect(after?["settled"]?.intValue == price)
        #expect(after?["held"]?.intValue == 0)

        // The same again is the next take; another prompt looks different.
        let second = try await stack.submit("mock-video", parameters: parameters)
        try await stack.wait(for: second, toBe: "succeeded")
        let names = try await stack.takes().compactMap { $0["path"]?.stringValue }
        #expect(names.sorted().last == "03_Renders/SHOT-010/SHOT-010_v01_take02.mp4")
        #expect(try await stack.api.get("/api/v1/jobs/\(first)/log").text.isEmpty == false)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A foreign file is uploaded and transcoded, its sound kept; the stream tells it in order")
    func transcode() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let clip = stack.home.path("clip.mkv")
        let made = try await ChildProcess.run(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=12", "-f", "lavfi", "-i",
                "sine=frequency=440:duration=12", "-c:v", "mpeg4", "-c:a", "flac", clip,
            ])
        #expect(made.exit == .code(0), "\(made.errors)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: clip))
        let upload = try await stack.api.send(
            "PUT", "/api/v1/projects/film/files/01_Assets/Media/Video/clip.mkv", bytes: bytes,
            headers: ["Content-Type": "video/x-matroska"])
        #expect(upload.status == 201, "\(upload.text)")
        let stream = try ChildProcess(
            "curl",
            [
                "-sN", "-H", "Authorization: Bearer \(stack.api.token ?? "")",
                stack.api.base + "/api/v1/projects/film/events?since=0.0",
            ])
        // Progress is told to those who listen, and not again.
        try await stream.line(containing: "retry:")
        let id = try await stack.submit(
            "transcode", parameters: [:], inputs: ["source": "01_Assets/Media/Video/clip.mkv"])
        try await stack.wait(for: id, toBe: "succeeded")
        try await stream.line(containing: "take.created")
        try await eventually("the end is told") {
            stream.output.contains { $0.contains(id) && $0.contains("\"state\":\"succeeded\"") }
        }
        let states = stream.output.filter { $0.contains("job.state") && $0.contains(id) }
            .compactMap { line in ["queued", "running", "succeeded"].first { line.contains("\"state\":\"\($0)\"") } }
        #expect(states == ["queued", "running", "succeeded"])
        #expect(stream.output.contains { $0.contains("job.progress") })
        stream.send(SIGTERM)
        let take = try #require(try await stack.takes().first)
        let streams = take["probe"]?["streams"]?.arrayValue ?? []
        #expect(streams.compactMap { $0["codec"]?.stringValue }.sorted() == ["aac", "h264"])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("Jobs that wait for others run after them, and fail with them")
    func dependencies() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let first = try await stack.submit(
            "mock-video", parameters: ["prompt": "x", "seconds": 1, "width": 64, "height": 64])
        let second = try await stack.submit(
            "thumbnail", parameters: [:], inputs: ["source": .string("job:\(first)")], shot: "SHOT-020")
        let done = try await stack.wait(for: second, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        let long = try await stack.submitLong()
        let behind = try await stack.submit(
            "thumbnail", parameters: [:], inputs: ["source": .string("job:\(long)")], shot: "SHOT-030")
        #expect(try await stack.job(behind)["state"] == "waiting")
        #expect(try await stack.api.post("/api/v1/jobs/\(long)/cancel").status < 300)
        try await stack.wait(for: long, toBe: "cancelled")
        let failed = try await stack.wait(for: behind, toBe: "failed")
        #expect(failed["failure"]?["code"] == "dependency-failed")
        try await stack.expectSound()
        try await stack.stop()
    }
}
