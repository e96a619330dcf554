import QueueProtocol
import StudioCore
import Testing

@Suite("Transcodes that may be cut into chunks")
struct ChunkedTranscodeTests {
    private static func probe(
        _ more: [String: JSONValue] = [:], container: String = "mov,mp4,m4a,3gp,3g2,mj2", sound: Bool = true,
        start: Double = 0
    ) -> JSONValue {
        let pictures: [String: JSONValue] = [
            "kind": "video", "codec": "h264", "isCover": false, "steadyFrameRate": "24/1", "frameCount": 2400,
            "startSeconds": 0, "fieldOrder": "progressive",
        ]
        var streams: [JSONValue] = [.object(pictures.merging(more) { $1 })]
        if sound { streams.append(["kind": "audio", "codec": "aac"]) }
        return ["container": .string(container), "startSeconds": .number(start), "streams": .array(streams)]
    }

    private func cut(_ parameters: [String: JSONValue] = [:], _ probe: JSONValue?) throws -> ChunkedTranscode {
        try ChunkedTranscode(parameters: parameters, probe: probe, name: "a.mp4")
    }

    @Test("The film's length, rate, groups and sound follow from the source's probe and the parameters")
    func film() throws {
        let plain = try cut([:], Self.probe())
        #expect(plain.film == .init(frameCount: 2400, rate: .film, coding: .init(group: 48, isEven: true)))
        #expect(plain.hasSound && plain.isFamiliar && plain.container == "mp4" && plain.audioCodec == nil)
        #expect(try !cut(["audioCodec": "none"], Self.probe()).hasSound)
        #expect(try !cut([:], Self.probe(sound: false)).hasSound)
        let slower = try cut(["frameRate": "24000/1001", "container": "mov"], Self.probe())
        // 100 seconds are 2397.6 frames.
        #expect(slower.film.frameCount == 2398 && slower.film.rate == EditRate(24_000, 1001))
        #expect(slower.film.coding == .init(group: 1, isEven: true))
        #expect(try cut(["frameRate": "25"], Self.probe(["frameCount": 1])).film.frameCount == 1)
        #expect(try !cut(["videoBitRate": 1_000_000], Self.probe()).film.coding.isEven)
        #expect(try !cut([:], Self.probe(container: "mpegts")).isFamiliar)
        #expect(try !cut([:], Self.probe(["codec": "vp8"])).isFamiliar)
        #expect(try cut([:], Self.probe(container: "matroska,webm")).isFamiliar)
    }

    @Test("What cannot be cut is refused with the reason, by the source's name")
    func refusals() throws {
        let twice: JSONValue = [
            "container": "mov,mp4",
            "streams": [["kind": "video", "codec": "h264"], ["kind": "video", "codec": "h264"]],
        ]
        for (parameters, probe, says): ([String: JSONValue], JSONValue?, String) in [
            ([:], nil, "nobody has looked into a.mp4"), ([:], .null, "nobody has looked into a.mp4"),
            ([:], ["container": "wav", "streams": [["kind": "audio"]]], "no moving pictures"),
            ([:], twice, "more than one stream"), ([:], Self.probe(["steadyFrameRate": .null]), "same duration"),
            ([:], Self.probe(["frameCount": .null]), "counted"), ([:], Self.probe(["frameCount": 0]), "counted"),
            ([:], Self.probe(["startSeconds": 0.021]), "later"), ([:], Self.probe(start: -0.04), "later"),
            ([:], Self.probe(["fieldOrder": "tt"]), "fields"), (["copy": "auto"], Self.probe(), "copied"),
            (["container": "wav"], Self.probe(), "joined"), (["videoCodec": "none"], Self.probe(), "joined"),
            (["frameRate": "soon"], Self.probe(), "frame rate"),
            ([:], Self.probe(["frameCount": 10_000_000]), "too many"),
        ] {
            let refusal = #expect(throws: ChunkedTranscode.Refusal.self) { try cut(parameters, probe) }
            #expect(refusal?.reason.contains(says) == true, "\(says): \(refusal?.reason ?? "")")
        }
    }
}
