import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Exports that are made in chunks: several jobs of one unit, of which the last joins what the others make.
@Suite struct ChunkedExportTests {
    private static let path = "/api/v1/projects/film/exports"

    /// A take of two seconds with sound.
    private static func soundingTake(_ studio: RunningStudio) async throws -> TakeRecord {
        let take = try await studio.probedTake()
        let probe = """
            {"container": "mov,mp4", "durationSeconds": 2, "streams": [{"index": 0, "kind": "video", "codec": "h264",
             "isCover": false, "frameRateNumerator": 24, "frameRateDenominator": 1, "frameCount": 48},
             {"index": 1, "kind": "audio", "codec": "aac", "durationSeconds": 2}]}
            """
        _ = try await PrivatePostgres.shared().sql(
            "UPDATE takes SET probe = '\(probe)' WHERE id = '\(take.id)'", in: studio.ground.postgres)
        return take
    }

    /// 82 seconds of one take.
    private static func body(_ take: TakeRecord, _ more: String, shots: Int = 41) -> String {
        let list = Array(repeating: #"{"take": "\#(take.id)"}"#, count: shots).joined(separator: ", ")
        return #"{"name": "Reel", "cut": [\#(list)]\#(more)}"#
    }

    /// Workers that have come are here for as long as a test takes, on whatever machine.
    private static let patient = ["LEASE_SECONDS": "300"]

    private static func serve(_ studio: RunningStudio, host: String, queues: [String] = ["studio"]) async throws {
        try await WorkerStore(studio.parts.database).register(
            WorkerRegistration(
                id: WorkerID(), name: host, hostname: host, pid: 1, version: "1", queues: queues, slots: 2))
    }

    /// The jobs of the project that `function` makes, in the order of their ids.
    private static func jobs(_ studio: RunningStudio, _ function: String) async throws -> [JSONValue] {
        let list = try await studio.request("GET", "/api/v1/projects/film/jobs?function=\(function)&limit=200")
        return (list.json["items"]?.arrayValue ?? []).reversed()
    }

    @Test func `Chunks, sound and their joining are admitted together, and cost what the film costs`() async throws {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let body = Self.body(try await Self.soundingTake(studio), #", "split": {"chunks": 4}, "quality": "low""#)
            let reply = try await studio.request("POST", Self.path, headers: ["idempotency-key: one"], body: body)
            #expect(reply.status == 202, "\(reply.text)")
            #expect(reply.json["function"] == "join" && reply.json["destination"] == "export")
            #expect(reply.json["state"] == "waiting" && reply.json["creditsHeld"] == 2)
            let id = try #require(reply.json["id"]?.stringValue)
            let join = try await studio.request("GET", "/api/v1/jobs/\(id)").json
            #expect(join["parts"]?["total"] == 5 && join["parts"]?["done"] == 0)
            #expect(join["parameters"]?["frameCount"] == 1968 && join["parameters"]?["frameRate"] == "24/1")
            #expect(join["parameters"]?["title"] == "Reel")
            #expect(join["parameters"]?["chapters"]?.arrayValue?.count == 41)
            let pieces = try await Self.jobs(studio, "conform")
            #expect(pieces.count == 5 && pieces.allSatisfy { $0["state"] == "queued" && $0["credits"] == 0 })
            #expect(pieces.allSatisfy { $0["partOf"] == .string(id) && $0["quality"] == "low" })
            #expect(pieces.allSatisfy { $0["destination"] == "cache" })
            let ranges = pieces.dropLast().map {
                [$0["parameters"]?["firstFrame"]?.intValue, $0["parameters"]?["frameCount"]?.intValue]
            }
            #expect(ranges == [[0, 480], [480, 480], [960, 480], [1440, 528]])
            #expect(pieces.dropLast().allSatisfy { $0["parameters"]?["audioCodec"] == "none" })
            let sound = try #require(pieces.last)
            #expect(sound["parameters"]?["videoCodec"] == "none" && sound["parameters"]?["frameCount"] == nil)
            let ids = pieces.compactMap { $0["id"]?.stringValue }
            #expect(join["inputs"]?["chunks"] == .array(ids.dropLast().map { .string("job:\($0)") }))
            #expect(join["inputs"]?["sound"] == .string("job:\(ids[4])"))
            // The same key is the same answer and no further job.
            let again = try await studio.request("POST", Self.path, headers: ["idempotency-key: one"], body: body)
            #expect(again.json["id"]?.stringValue == id)
            #expect(try await Self.jobs(studio, "conform").count == 5)
            // Cancelled, nobody's chunks are left.
            #expect(try await studio.request("POST", "/api/v1/jobs/\(id)/cancel").status == 200)
            #expect(try await Self.jobs(studio, "conform").allSatisfy { $0["state"] == "cancelled" })
            let part = try await studio.request("POST", "/api/v1/jobs/\(ids[0])/retry")
            #expect(part.status == 409 && part.text.contains(id), "\(part.text)")
            #expect(try await studio.request("POST", "/api/v1/jobs/\(id)/retry").status == 202)
            #expect(try await Self.jobs(studio, "conform").allSatisfy { $0["state"] == "queued" })
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `One machine makes a film in one piece, two make it in chunks, however many workers they have`()
        async throws
    {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let body = Self.body(try await Self.soundingTake(studio), "")
            func made(_ name: String, _ more: String = "") async throws -> JSONValue? {
                let reply = try await studio.request(
                    "POST", Self.path, body: body.replacing("Reel", with: name).replacing("]}", with: "]\(more)}"))
                #expect(reply.status == 202, "\(reply.text)")
                return reply.json["function"]
            }
            #expect(try await made("a") == "conform")
            for _ in 0..<3 { try await Self.serve(studio, host: "one") }
            try await Self.serve(studio, host: "elsewhere", queues: ["python"])
            #expect(try await made("b") == "conform")
            try await Self.serve(studio, host: "two")
            #expect(try await made("c") == "join")
            let parts = try await Self.jobs(studio, "conform").filter { $0["partOf"]?.stringValue != nil }
            #expect(parts.count == 5)
            #expect(try await made("d", #", "split": "never""#) == "conform")
            #expect(try await made("e", #", "target": {"videoBitRate": 1000000}"#) == "conform")
            #expect(try await made("f", #", "target": {"container": "wav"}"#) == "conform")
        }
    }

    @Test func `What cannot be cut is refused, and so is what is no number of chunks`() async throws {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let take = try await Self.soundingTake(studio)
            for (more, pointer) in [
                (#", "split": {"chunks": 1}"#, "/split/chunks"), (#", "split": {"chunks": 101}"#, "/split/chunks"),
                (#", "split": "always""#, "/split"),
                (#", "split": {"chunks": 2}, "target": {"container": "wav"}"#, "/split"),
                (#", "split": {"chunks": 2}, "target": {"videoCodec": "none"}"#, "/split"),
                (#", "split": {"chunks": 2}, "target": {"container": "avi"}"#, "/split"),
            ] {
                let reply = try await studio.request("POST", Self.path, body: Self.body(take, more, shots: 3))
                #expect(reply.status == 400, "\(more): \(reply.text)")
                #expect(reply.json["errors"]?.arrayValue?.first?["pointer"]?.stringValue == pointer, "\(reply.text)")
            }
            _ = try await PrivatePostgres.shared().sql(
                "UPDATE takes SET probe = NULL WHERE id = '\(take.id)'", in: studio.ground.postgres)
            let unprobed = try await studio.request(
                "POST", Self.path,
                body: #"{"name": "x", "cut": [{"take": "\#(take.id)", "in": 0, "out": 480}], "split": {"chunks": 2}}"#)
            #expect(unprobed.status == 400 && unprobed.text.contains(take.path), "\(unprobed.text)")
            #expect(try await Self.jobs(studio, "conform").isEmpty)
        }
    }
}
