import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// A film in chunks across two workers, of which one dies in the middle.
@Suite("Chunks across workers", .serialized)
struct ChunkTests {
    private func judged(_ file: String) async throws -> JSONValue {
        let told = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-count_frames", "-show_entries",
                "stream=codec_type,nb_read_frames,duration:stream_tags=timecode:format_tags=title", "-show_chapters",
                "-of", "json", file,
            ])
        return try JSONText.decode(JSONValue.self, from: Data(told.output.utf8))
    }

    private func hashes(_ file: String, _ stream: String) async throws -> String {
        try await ChildProcess.run("ffmpeg", ["-v", "error", "-i", file, "-map", stream, "-f", "framemd5", "-"]).output
    }

    @Test("A worker that is killed in the middle of a chunk costs that chunk alone, and the film is right")
    func killed() async throws {
        let stack = try await Stack.start(
            workers: 2, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "1"])
        let take = try await source(stack)
        func body(_ name: String, _ split: JSONValue) -> JSONValue {
            [
                "name": .string(name), "split": split, "quality": "high",
                "cut": [["take": take, "in": 0, "out": 144], ["take": take, "in": 120, "out": 264]],
                "target": ["width": 800, "height": 450],
            ]
        }
        let asked = try await stack.api.post("/api/v1/projects/film/exports", body("Reel", ["chunks": 4]))
        #expect(asked.status == 202, "\(asked.text)")
        let join = try #require(asked.json["id"]?.stringValue)
        let parts = try #require(try await stack.job(join)["parts"]?["jobs"]?.arrayValue?.compactMap(\.stringValue))
        #expect(parts.count == 5)
        let lost = try await killWorker(ofOneOf: parts, stack)
        let done = try await stack.wait(for: join, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded" && done["parts"]?["done"] == 5, "\(done)")
        for part in parts where part != lost { #expect(try await stack.outcomes(of: part) == ["succeeded"]) }
        #expect(try await stack.outcomes(of: lost) == ["lost", "succeeded"])

        let film = "\(stack.folder(of: "film"))/06_Exports/Reel.mp4"
        let found = try await judged(film)
        let video = try #require(found["streams"]?.arrayValue?.first { $0["codec_type"] == "video" })
        #expect(video["nb_read_frames"] == "288" && found["chapters"]?.arrayValue?.count == 2)
        #expect(found["format"]?["tags"]?["title"] == "Reel")
        let one = try await stack.api.post("/api/v1/projects/film/exports", body("One", "never"))
        try await stack.wait(
            for: try #require(one.json["id"]?.stringValue), toBe: "succeeded")
        let other = "\(stack.folder(of: "film"))/06_Exports/One.mp4"
        #expect(try await hashes(film, "0:a:0") == hashes(other, "0:a:0"))
        // The chunks have served their purpose, as files and as rows.
        try await eventually("the chunks are gone") {
            try await stack.sql(
                "SELECT count(*) FROM job_files f JOIN jobs j ON j.id = f.job_id WHERE j.part_of IS NOT NULL AND f.removed_at IS NULL"
            ) == ["0"]
        }
        #expect(!FileManager.default.fileExists(atPath: "\(stack.folder(of: "film"))/05_Cache/exports/\(join)"))
        try await stack.expectSound()
        try await stack.stop()
    }

    /// A take of twelve seconds with sound.
    private func source(_ stack: Stack) async throws -> JSONValue {
        try await stack.project()
        let pictures = try await stack.submit(
            "mock-video",
            parameters: ["prompt": "a harbour", "seconds": 12, "width": 640, "height": 360, "frameRate": "24"])
        let sound = try await stack.submit("mock-audio", parameters: ["prompt": "a harbour", "seconds": 12])
        let shot = try await stack.submit(
            "mux", parameters: [:], inputs: ["video": .string("job:\(pictures)"), "audio": [.string("job:\(sound)")]])
        let made = try await stack.wait(for: shot, toBe: "succeeded")
        return try #require(made["takes"]?.arrayValue?.first)
    }

    /// The file of a job's take.
    private func file(of job: String, _ stack: Stack) async throws -> (take: String, path: String) {
        let take = try #require(try await stack.job(job)["takes"]?.arrayValue?.first?.stringValue)
        let path = try #require(try await stack.api.get("/api/v1/takes/\(take)").json["path"]?.stringValue)
        return (take, "\(stack.folder(of: "film"))/\(path)")
    }

    @Test("A transcode in chunks loses a worker and no frame; on one machine it is cut only where that is asked for")
    func transcode() async throws {
        let stack = try await Stack.start(
            workers: 2, settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "1"])
        let source = try await source(stack)
        func submit(_ split: JSONValue?) async throws -> String {
            var body: [String: JSONValue] = [
                "shot": "SHOT-020", "function": "transcode", "quality": "high",
                "parameters": ["frameRate": "24000/1001", "container": "mkv", "width": 800],
                "inputs": ["source": .string("take:\(source.stringValue ?? "")")],
            ]
            body["split"] = split
            let asked = try await stack.api.post("/api/v1/projects/film/jobs", .object(body))
            #expect(asked.status == 202, "\(asked.text)")
            return try #require(asked.json["id"]?.stringValue)
        }
        let whole = try await submit(["chunks": 4])
        let parts = try #require(try await stack.job(whole)["parts"]?["jobs"]?.arrayValue?.compactMap(\.stringValue))
        #expect(parts.count == 5)
        let lost = try await killWorker(ofOneOf: parts, stack)
        let done = try await stack.wait(for: whole, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded" && done["parts"]?["done"] == 5, "\(done)")
        for part in parts where part != lost { #expect(try await stack.outcomes(of: part) == ["succeeded"]) }
        #expect(try await stack.outcomes(of: lost) == ["lost", "succeeded"])
        // Both workers are of this machine, whose encoder uses all of its cores by itself.
        let single = try await submit(nil)
        #expect(try await stack.job(single)["parts"] == nil)
        try await stack.wait(for: single, toBe: "succeeded")

        let (film, other) = (try await file(of: whole, stack), try await file(of: single, stack))
        let found = try await judged(film.path)
        // Twelve seconds, to the nearest frame.
        #expect(found["streams"]?.arrayValue?.first?["nb_read_frames"] == "288")
        #expect(found == (try await judged(other.path)))
        #expect(try await hashes(film.path, "0:a:0") == hashes(other.path, "0:a:0"))
        try await eventually("the chunks are gone") {
            try await stack.sql(
                "SELECT count(*) FROM job_files f JOIN jobs j ON j.id = f.job_id WHERE j.part_of IS NOT NULL AND f.removed_at IS NULL"
            ) == ["0"]
        }
        // The take can be made again, in one piece.
        let again = try await stack.api.post("/api/v1/takes/\(film.take)/rerun", [:])
        #expect(again.status == 202, "\(again.text)")
        let rerun = try #require(again.json["id"]?.stringValue)
        try await stack.wait(for: rerun, toBe: "succeeded")
        #expect(try await judged(file(of: rerun, stack).path) == found)
        try await stack.expectSound()
        try await stack.stop()
    }

    /// Kills the worker of a chunk that is in the middle, as soon as there is one, and returns the chunk: it takes a few
    /// seconds, and nothing is to be asked on the way.
    private func killWorker(ofOneOf parts: [String], _ stack: Stack) async throws -> String {
        let names = parts.map { "'\($0)'" }.joined(separator: ", ")
        let found = Watched<String?>(nil)
        try await eventually("a chunk is in the middle") {
            for part in try await stack.sql("SELECT id FROM jobs WHERE state = 'running' AND id IN (\(names))") {
                guard try await stack.job(part)["progress"]?.doubleValue ?? 0 > 0 else { continue }
                try await stack.worker(of: part).send(SIGKILL)
                found.update { $0 = part }
                return true
            }
            return false
        }
        return try #require(found.value)
    }
}
