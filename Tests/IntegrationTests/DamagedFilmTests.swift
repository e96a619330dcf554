import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// A transcode of a film with a picture that cannot be decoded: in one pass the picture before is shown longer, a chunk would
/// have a frame too few.
@Suite("Damaged films in chunks", .serialized)
struct DamagedFilmTests {
    private static let asset = "01_Assets/Media/Video/damaged.mp4"

    /// A film of 44 seconds of which one picture in the middle is broken by a seeded flip of bits, among them some of its length,
    /// so that no decoder gets anything of it.
    private func film(_ stack: Stack) async throws -> Data {
        let path = stack.home.path("damaged.mp4")
        let made = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=128x72:r=24:d=44", "-f", "lavfi", "-i",
                "sine=d=44", "-c:v", "libx264", "-preset", "veryfast", "-g", "48", "-c:a", "aac", path,
            ])
        try #require(made.exit == .code(0), "\(made.errors)")
        let told = try await ChildProcess.run(
            "ffprobe",
            ["-v", "error", "-select_streams", "v", "-show_entries", "packet=size,pos", "-of", "csv=p=0", path])
        let packets = told.output.split(separator: "\n").map { $0.split(separator: ",").compactMap { Int($0) } }
        // Not a key frame, which stands at every 48th place.
        let packet = packets[packets.count / 2 + 5]
        var film = try Data(contentsOf: URL(fileURLWithPath: path))
        var chance = SeededGenerator(state: 20_261_130)
        film[packet[1]] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        for _ in 0..<32 {
            let place = packet[1] + Int.random(in: 4..<packet[0], using: &chance)
            film[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        }
        return film
    }

    private func frames(_ file: String) async throws -> Int? {
        let told = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of",
                "csv=p=0", file,
            ])
        return Int(told.output.filter(\.isNumber))
    }

    private func submit(_ split: JSONValue?, _ stack: Stack) async throws -> String {
        try await stack.submit(
            "transcode", parameters: [:], inputs: ["source": .string(Self.asset)],
            more: split.map { ["split": $0] } ?? [:])
    }

    private func parts(of job: String, _ stack: Stack) async throws -> [String] {
        try await stack.job(job)["parts"]?["jobs"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    @Test("What the studio cut by itself is made in one piece, and what was asked for in chunks fails and says so")
    func damaged() async throws {
        let stack = try await Stack.start(workers: 2, settings: ["WORKER_SLOTS": "1", "INGEST_SETTLE_MS": "100"])
        try await stack.project()
        let sent = try await stack.api.send(
            "PUT", "/api/v1/projects/film/files/\(Self.asset)", bytes: try await film(stack))
        #expect(sent.status == 201, "\(sent.text)")
        try await eventually("the asset is probed") {
            try await stack.api.get("/api/v1/projects/film/assets/\(Self.asset)").json["probe"]?["streams"] != nil
        }
        // Both workers are of this machine, which the studio does not cut films for by itself.
        _ = try await stack.sql("UPDATE workers SET hostname = 'elsewhere' WHERE name = 'worker-2'")

        let whole = try await submit(nil, stack)
        let chunks = try await parts(of: whole, stack)
        #expect(chunks.count == 3)
        let done = try await stack.wait(for: whole, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(done["parts"]?["dropped"] == true && done["parts"]?["total"] == 3)
        #expect(done["dependsOn"] == [] && done["inputs"]?["chunks"] == nil && done["inputs"]?["sound"] == nil)
        #expect(try await stack.outcomes(of: whole) == ["succeeded"])
        var failures: [JSONValue] = []
        for chunk in chunks { failures += try await stack.job(chunk)["failure"].map { [$0] } ?? [] }
        let failure = try #require(failures.first { !$0.isNull })
        #expect(failure["code"] == "input-invalid", "\(failure)")
        #expect(failure["message"]?.stringValue?.contains("in one piece only") == true, "\(failure)")
        var lines: [String] = []
        for worker in await stack.workers { lines += worker.lines.map(\.text) }
        #expect(lines.contains { $0.contains("a film is made in one piece") && $0.contains(whole) })
        let log = try await stack.api.get("/api/v1/jobs/\(whole)/log").text
        #expect(log.contains("this is made in one piece"), "\(log)")
        let path = try await stack.sql("SELECT path FROM takes WHERE job_id = '\(whole)'")[0]
        #expect(try await frames("\(stack.folder(of: "film"))/\(path)") == 44 * 24 - 1)

        let asked = try await submit(["chunks": 2], stack)
        let refused = try await stack.wait(for: asked, toBe: "succeeded", "failed")
        #expect(refused["state"] == "failed" && refused["failure"]?["code"] == "dependency-failed", "\(refused)")
        #expect(refused["failure"]?["message"]?.stringValue?.contains("in one piece only") == true, "\(refused)")
        try await eventually("all parts have ended, and their files are gone") {
            try await stack.sql(
                "SELECT (SELECT count(*) FROM jobs WHERE part_of IS NOT NULL AND finished_at IS NULL) + (SELECT count(*)"
                    + " FROM job_files f JOIN jobs j ON j.id = f.job_id WHERE j.part_of = '\(whole)' AND f.removed_at IS NULL)"
            ) == ["0"]
        }
        try await stack.expectSound()
        try await stack.stop()
    }
}
