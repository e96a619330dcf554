import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// From takes to a finished film, and from a file that somebody brings to what the studio makes of it.
@Suite("Films and assets", .serialized)
struct FilmTests {
    /// Pictures, rate and timecode of a film as `ffprobe` counts them.
    private func judged(_ bytes: Data, in stack: Stack, as name: String) async throws -> JSONValue {
        let file = stack.home.path(name)
        try bytes.write(to: URL(fileURLWithPath: file))
        let told = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                "stream=codec_name,nb_read_frames,r_frame_rate,width,height:stream_tags=timecode", "-show_chapters",
                "-of",
                "json", file,
            ])
        return try JSONText.decode(JSONValue.self, from: Data(told.output.utf8))
    }

    @Test("Takes become a cut that people can read, and the cut a film of exactly its frames")
    func export() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let parameters: JSONValue = [
            "prompt": "a harbour", "seconds": 1, "width": 160, "height": 90, "frameRate": "24",
        ]
        for shot in ["SHOT-010", "SHOT-020"] {
            let job = try await stack.submit("mock-video", parameters: parameters, shot: shot)
            try await stack.wait(for: job, toBe: "succeeded")
        }
        let written = try await stack.api.send(
            "PUT", "/api/v1/projects/film/cuts/reel-1",
            bytes: Data(
                #"""
                {"startTimecode": "01:00:00:00", "shots": [
                    {"shot": "SHOT-010", "in": 2, "out": 14}, {"shot": "SHOT-020", "in": 6, "out": 20, "dissolve": 4}]}
                """#.utf8), headers: ["Content-Type": "application/json"])
        #expect(written.status == 200, "\(written.text)")
        #expect(written.json["frames"] == 26)
        let log = try await stack.person("git", "log", "--name-only", "--format=%s", "-1")
        #expect(log.contains("04_Project_Files/EDLs/reel-1.otio") && log.contains("04_Project_Files/EDLs/reel-1.edl"))

        let body: JSONValue = [
            "name": "Reel_1", "cut": "04_Project_Files/EDLs/reel-1.otio", "quality": "low",
            "target": ["width": 160, "height": 90],
        ]
        let asked = try await stack.api.post("/api/v1/projects/film/exports", body)
        #expect(asked.status == 202, "\(asked.text)")
        let job = try #require(asked.json["id"]?.stringValue)
        let done = try await stack.wait(for: job, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        let file = try #require(done["files"]?.arrayValue?.first)
        #expect(file["path"] == "06_Exports/Reel_1.mp4")
        let film = try await stack.api.get(try #require(file["link"]?.stringValue))
        #expect(
            film.bytes
                == (try Data(contentsOf: URL(fileURLWithPath: stack.folder(of: "film") + "/06_Exports/Reel_1.mp4"))))
        let found = try await judged(film.bytes, in: stack, as: "film.mp4")
        let video = try #require(found["streams"]?.arrayValue?.first)
        #expect(video["nb_read_frames"] == "26" && video["r_frame_rate"] == "24/1" && video["codec_name"] == "h264")
        #expect(video["tags"]?["timecode"] == "01:00:00:00")
        #expect(found["chapters"]?.arrayValue?.count == 2)

        // An export is never silently replaced, and a cut of what is not there never begun.
        #expect(try await stack.api.post("/api/v1/projects/film/exports", body).status == 409)
        let missing = try await stack.api.post(
            "/api/v1/projects/film/exports",
            ["name": "Reel_2", "cut": [["shot": "SHOT-999"], ["file": "nowhere.mov"]]])
        #expect(missing.status == 400)
        #expect(missing.text.contains("SHOT-999"), "\(missing.text)")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A film that is dropped into the assets is probed, and given a thumbnail and a proxy")
    func asset() async throws {
        let stack = try await Stack.start(settings: ["INGEST_SETTLE_MS": "100"])
        try await stack.project()
        let clip = stack.home.path("clip.mov")
        let made = try await ChildProcess.run(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1", "-c:v", "prores", clip,
            ])
        #expect(made.exit == .code(0), "\(made.errors)")
        let place = stack.folder(of: "film") + "/01_Assets/Media/Video/clip.mov"
        try FileManager.default.copyItem(atPath: clip, toPath: place)
        let path = "/api/v1/projects/film/assets/01_Assets/Media/Video/clip.mov"
        try await eventually("everything is made of the asset") {
            let made = try await stack.api.get(path).json["derivatives"]?.arrayValue ?? []
            return made.count == 3 && made.allSatisfy { $0["link"]?.stringValue != nil }
        }
        let asset = try await stack.api.get(path).json
        #expect(asset["probe"]?["streams"]?.arrayValue?.first?["codec"] == "prores", "\(asset)")
        let proxy = try #require(asset["derivatives"]?.arrayValue?.first { $0["kind"] == "proxy" })
        let bytes = try await stack.api.get(try #require(proxy["link"]?.stringValue)).bytes
        let video = try await judged(bytes, in: stack, as: "proxy")["streams"]?.arrayValue?.first
        #expect(video?["nb_read_frames"] == "25")
        #expect(try await stack.takes().isEmpty)
        // What a person brought is theirs to commit.
        _ = try await stack.person("git", "add", "01_Assets")
        _ = try await stack.person("git", "commit", "-qm", "Bring a clip")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("The index of a take's sprites leads to the sheet from where it is read")
    func sprites() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let film = try await stack.submit(
            "mock-video", parameters: ["prompt": "a harbour", "seconds": 2, "width": 160, "height": 90])
        let job = try await stack.submit(
            "sprite", parameters: ["interval": 0.5], inputs: ["source": .string("job:\(film)")], shot: "SHOT-020")
        try await stack.wait(for: job, toBe: "succeeded")
        let take = try #require(try await stack.takes().first { $0["shot"] == "SHOT-020" }?["id"]?.stringValue)
        let address = "/api/v1/takes/\(take)/files/index"
        let index = try await stack.api.get(address)
        #expect(index.headers["content-type"] == "text/vtt")
        let cue = try #require(index.text.split(separator: "\n").last { $0.contains("#xywh=") })
        let sheet = try #require(URL(string: String(cue), relativeTo: URL(string: stack.api.base + address)))
        let found = try await stack.api.get(sheet.path)
        let media = try await stack.api.get("/api/v1/takes/\(take)/media")
        #expect(found.status == 200 && found.bytes == media.bytes && found.headers["content-type"] == "image/jpeg")
        try await stack.expectSound()
        try await stack.stop()
    }
}
