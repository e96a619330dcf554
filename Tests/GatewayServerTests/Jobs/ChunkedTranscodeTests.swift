import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Transcodes that are made in chunks: the job that was asked for gets what others make as inputs.
@Suite struct ChunkedTranscodeTests {
    private static let path = "/api/v1/projects/film/jobs"

    /// A take of a hundred seconds with sound.
    private static func longTake(_ studio: RunningStudio, _ more: String = "") async throws -> TakeRecord {
        let take = try await studio.probedTake()
        let probe = """
            {"container": "mov,mp4", "startSeconds": 0, "durationSeconds": 100, "streams": [{"index": 0, "kind": "video",
             "codec": "h264", "isCover": false, "steadyFrameRate": "24/1", "frameCount": 2400, "startSeconds": 0\(more)},
             {"index": 1, "kind": "audio", "codec": "aac", "durationSeconds": 100}]}
            """
        _ = try await PrivatePostgres.shared().sql(
            "UPDATE takes SET probe = '\(probe)' WHERE id = '\(take.id)'", in: studio.ground.postgres)
        return take
    }

    private static func body(_ source: String, _ more: String = "", parameters: String = "{}") -> String {
        #"{"shot": "A", "version": 3, "function": "transcode", "parameters": \#(parameters), "inputs": {"source": "\#(source)"}\#(more)}"#
    }

    /// Workers that have come are here for as long as a test takes, on whatever machine.
    private static let patient = ["LEASE_SECONDS": "300"]

    private static func serve(_ studio: RunningStudio, host: String) async throws {
        try await WorkerStore(studio.parts.database).register(
            WorkerRegistration(
                id: WorkerID(), name: host, hostname: host, pid: 1, version: "1", queues: ["studio"], slots: 2))
    }

    /// All jobs of `transcode`, in the order of their ids.
    private static func jobs(_ studio: RunningStudio) async throws -> [JSONValue] {
        let list = try await studio.request("GET", "/api/v1/projects/film/jobs?function=transcode&limit=200")
        return (list.json["items"]?.arrayValue ?? []).reversed()
    }

    @Test func `Chunks, sound and the job that was asked for are admitted together, and cost what it costs alone`()
        async throws
    {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let take = try await Self.longTake(studio)
            let body = Self.body(
                "take:\(take.id)", #", "split": {"chunks": 4}, "quality": "low", "priority": 7"#,
                parameters: #"{"container": "mkv", "audioCodec": "aac", "height": 360}"#)
            let reply = try await studio.request("POST", Self.path, headers: ["idempotency-key: one"], body: body)
            #expect(reply.status == 202, "\(reply.text)")
            #expect(reply.json["function"] == "transcode" && reply.json["destination"] == "take")
            #expect(reply.json["shot"] == "A" && reply.json["version"] == 3)
            #expect(reply.json["state"] == "waiting" && reply.json["creditsHeld"] == 2)
            let id = try #require(reply.json["id"]?.stringValue)
            let whole = try await studio.request("GET", "/api/v1/jobs/\(id)").json
            #expect(whole["parts"]?["total"] == 5 && whole["parts"]?["done"] == 0)
            #expect(whole["parameters"]?["height"] == 360 && whole["parameters"]?["frameCount"] == nil)
            let pieces = try await Self.jobs(studio).filter { $0["id"]?.stringValue != id }
            #expect(pieces.count == 5 && pieces.allSatisfy { $0["state"] == "queued" && $0["credits"] == 0 })
            #expect(pieces.allSatisfy { $0["partOf"] == .string(id) && $0["quality"] == "low" && $0["priority"] == 7 })
            #expect(pieces.allSatisfy { $0["destination"] == "cache" && $0["shot"] == nil })
            #expect(pieces.allSatisfy { $0["parameters"]?["height"] == 360 })
            #expect(pieces.allSatisfy { $0["inputs"]?["source"] == .string("take:\(take.id)") })
            let ranges = pieces.dropLast().map { piece in
                ["firstFrame", "frameCount", "ofFrames"].map { piece["parameters"]?[$0]?.intValue }
            }
            #expect(ranges == [[0, 576, 2400], [576, 624, 2400], [1200, 576, 2400], [1776, 624, 2400]])
            #expect(pieces.dropLast().allSatisfy { $0["parameters"]?["audioCodec"] == "none" })
            let sound = try #require(pieces.last?["parameters"])
            #expect(sound["videoCodec"] == "none" && sound["frameCount"] == nil && sound["audioCodec"] == "aac")
            #expect(sound["container"] == "mp4")
            let ids = pieces.compactMap { $0["id"]?.stringValue }
            #expect(whole["inputs"]?["chunks"] == .array(ids.dropLast().map { .string("job:\($0)") }))
            #expect(whole["inputs"]?["sound"] == .string("job:\(ids[4])"))
            #expect(whole["inputs"]?["source"] == .string("take:\(take.id)"))
            let again = try await studio.request("POST", Self.path, headers: ["idempotency-key: one"], body: body)
            #expect(again.json["id"]?.stringValue == id)
            #expect(try await Self.jobs(studio).count == 6)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(id)/cancel").status == 200)
            #expect(try await Self.jobs(studio).allSatisfy { $0["state"] == "cancelled" })
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `One machine makes a film in one piece, two make a long one of a known kind in chunks`() async throws {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let take = try await Self.longTake(studio)
            func parts(_ more: String = "", parameters: String = "{}", source: String? = nil) async throws -> Int {
                let reply = try await studio.request(
                    "POST", Self.path, body: Self.body(source ?? "take:\(take.id)", more, parameters: parameters))
                #expect(reply.status == 202, "\(reply.text)")
                let id = try #require(reply.json["id"]?.stringValue)
                return try await studio.request("GET", "/api/v1/jobs/\(id)").json["parts"]?["total"]?.intValue ?? 0
            }
            for _ in 0..<3 { try await Self.serve(studio, host: "one") }
            #expect(try await parts() == 0)
            #expect(try await parts(#", "split": {"chunks": 2}"#) == 3)
            try await Self.serve(studio, host: "two")
            #expect(try await parts() == 5)
            #expect(try await parts(#", "split": "auto""#, parameters: #"{"audioCodec": "none"}"#) == 4)
            #expect(try await parts(#", "split": "never""#) == 0)
            // Where a chunk cannot be made, what was cut without being asked to is made in one piece: not so what was asked for.
            let spared = try await PrivatePostgres.shared().sql(
                "SELECT count(*) FROM jobs WHERE part_of IS NOT NULL AND is_spared", in: studio.ground.postgres)
            #expect(spared == ["8"])
            #expect(try await parts(parameters: #"{"videoBitRate": 1000000}"#) == 0)
            #expect(try await parts(parameters: #"{"copy": "auto"}"#) == 0)
            #expect(try await parts(parameters: #"{"container": "wav"}"#) == 0)
            // What another job is still to make is not known, what one has made is.
            #expect(try await parts(source: "job:\(take.job)") == 5)
            let reply = try await studio.request("POST", Self.path, body: Self.body("take:\(take.id)"))
            let later = try #require(reply.json["id"]?.stringValue)
            #expect(try await parts(source: "job:\(later)") == 0)
            let batch = try await studio.request(
                "POST", Self.path + ":batch", body: #"{"jobs": [\#(Self.body("take:\(take.id)"))]}"#)
            #expect(batch.status == 202 && batch.json["admitted"] == 1)
        }
    }

    @Test func `What is no film to cut is refused with the reason where chunks are asked for`()
        async throws
    {
        try await RunningStudio.run(Self.patient) { studio async throws in
            let take = try await Self.longTake(studio, #", "fieldOrder": "tt""#)
            for host in ["one", "two"] { try await Self.serve(studio, host: host) }
            let source = "take:\(take.id)"
            let chunks = #", "split": {"chunks": 2}"#
            let part = #"{"firstFrame": 0, "frameCount": 48, "ofFrames": 2400, "audioCodec": "none"}"#
            for (body, pointer, says) in [
                (Self.body(source, #", "split": {"chunks": 1}"#), "/split/chunks", "2 to 100"),
                (Self.body(source, #", "split": "always""#), "/split", "auto"),
                (Self.body(source, chunks), "/split", "fields"),
                (Self.body(source, chunks, parameters: #"{"copy": "auto"}"#), "/split", "fields"),
                (Self.body(source, chunks, parameters: part), "/split", "part of a film"),
                (
                    #"{"shot": "A", "function": "probe", "inputs": {"source": "\#(source)"}\#(chunks)}"#, "/split",
                    "probe makes no parts"
                ),
            ] {
                let reply = try await studio.request("POST", Self.path, body: body)
                #expect(reply.status == 400 && reply.text.contains(says), "\(body): \(reply.text)")
                #expect(reply.json["errors"]?.arrayValue?.first?["pointer"]?.stringValue == pointer, "\(reply.text)")
            }
            let batch = try await studio.request(
                "POST", Self.path + ":batch", body: #"{"jobs": [\#(Self.body(source, chunks))]}"#)
            #expect(batch.status == 400 && batch.text.contains("/jobs/0/split"), "\(batch.text)")
            #expect(try await Self.jobs(studio).isEmpty)
            #expect(try await studio.request("POST", Self.path, body: Self.body(source)).status == 202)
            #expect(try await Self.jobs(studio).count == 1)
            _ = try await PrivatePostgres.shared().sql(
                "UPDATE takes SET probe = NULL WHERE id = '\(take.id)'", in: studio.ground.postgres)
            let unprobed = try await studio.request("POST", Self.path, body: Self.body(source, chunks))
            #expect(unprobed.status == 400 && unprobed.text.contains(take.path), "\(unprobed.text)")
        }
    }
}
