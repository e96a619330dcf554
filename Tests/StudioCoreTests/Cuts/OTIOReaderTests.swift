import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("Reading and writing OTIO")
struct OTIOReaderTests {
    @Test("A cut is the same after it was written and read, with all that others put in")
    func roundTrip() throws {
        var cut = SampleCuts.film(.film)
        cut.others.own = ["metadata": ["nuke": ["version": 15.5], "studio": ["rate": "24/1"]], "future": [1, 2]]
        cut.others.inner = ["name": "stack", "metadata": ["x": .null]]
        guard case .clip(var clip) = cut.tracks[0].items[1] else { return }
        clip.others.own = [
            "metadata": ["resolve": ["grade": "warm"]], "media_references": ["proxy": ["OTIO_SCHEMA": "Other.1"]],
        ]
        clip.others.inner = ["metadata": ["hash": "abc"], "name": "x"]
        cut.tracks[0].items[1] = .clip(clip)
        let written = try cut.otioFile()
        let read = try Cut(readingOTIO: written)
        #expect(read.others.own["future"] == [1, 2])
        #expect(read.others.own["metadata"]?["nuke"] == ["version": 15.5])
        guard case .clip(let back) = read.tracks[0].items[1] else { return }
        #expect(back.others.own["metadata"]?["resolve"] == ["grade": "warm"])
        #expect(back.others.own["media_references"]?["proxy"]?["OTIO_SCHEMA"] == "Other.1")
        #expect(back.others.inner["metadata"] == ["hash": "abc"])
        #expect(try read.otioFile() == written)
        #expect(try Cut(readingOTIO: read.otioFile()) == read)
    }

    @Test("Everything that cannot be conformed is said at once, by name and with its place")
    func problems() throws {
        var document = SampleCuts.film(.film).otio
        func change(_ path: [Int], _ members: [String: JSONValue]) {
            document = Self.changed(document, ["tracks"] + path.flatMap { ["children", "\($0)"] }, members)
        }
        change([0, 0], ["transition_type": "SMPTE_Wipe"])
        change([0, 1], ["effects": [["OTIO_SCHEMA": "LinearTimeWarp.1", "effect_name": "Twice"]]])
        change([0, 3], ["source_range": .null, "media_references": [:]])
        change([0, 4], ["OTIO_SCHEMA": "Stack.1", "name": "nested"])
        change([1], ["kind": "Subtitles"])
        let error = #expect(throws: StudioError.self) { try Cut(readingOTIO: JSONText.document(document)) }
        #expect(
            error?.findings.map(\.pointer) == [
                "/tracks/children/0/children/0/transition_type", "/tracks/children/0/children/1/effects/0",
                "/tracks/children/0/children/3", "/tracks/children/0/children/4", "/tracks/children/1/kind",
            ])
        let told = error?.findings.map(\.detail) ?? []
        for (detail, word) in zip(told, ["SMPTE_Wipe", "LinearTimeWarp.1", "SHOT-020", "nested", "A1"]) {
            #expect(detail.contains(word), "\(detail)")
        }
    }

    @Test(
        "What is no timeline is refused",
        arguments: [
            "", "[]", "{}", #"{"OTIO_SCHEMA": "SerializableCollection.1"}"#,
            #"{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": []}}"#,
            #"{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Track.1", "children": []}}"#,
        ])
    func noTimeline(text: String) {
        let error = #expect(throws: StudioError.self) { try Cut(readingOTIO: Data(text.utf8)) }
        #expect(error?.code == .invalid && error?.findings.isEmpty == false)
    }

    @Test(
        "Times that cannot be counted are refused with their place",
        arguments: [("value", 1.5, "value"), ("rate", 0, "rate"), ("value", 1e300, "value"), ("rate", -1, "rate")])
    func badTimes(member: String, value: Double, place: String) throws {
        let path = ["tracks", "children", "0", "children", "1", "source_range", "start_time"]
        let document = Self.changed(SampleCuts.film(.film).otio, path, [member: .number(value)])
        let error = #expect(throws: StudioError.self) { try Cut(readingOTIO: JSONText.document(document)) }
        #expect(error?.findings.map(\.pointer) == ["/" + path.joined(separator: "/") + "/" + place])
    }

    @Test("Of very many findings the first are told, and how many more there are")
    func manyFindings() throws {
        let clips = Array(repeating: JSONValue.object(["OTIO_SCHEMA": "Clip.2"]), count: 300)
        let track: JSONValue = ["OTIO_SCHEMA": "Track.1", "kind": "Video", "children": .array(clips)]
        let document: JSONValue = [
            "OTIO_SCHEMA": "Timeline.1", "tracks": ["OTIO_SCHEMA": "Stack.1", "children": [track]],
        ]
        let error = #expect(throws: StudioError.self) { try Cut(readingOTIO: JSONText.document(document)) }
        #expect(error?.findings.count == 201)
        #expect(error?.findings.last?.detail == "and 101 more")
    }

    /// The document with members laid over the object at a path of names and indices.
    private static func changed(_ value: JSONValue, _ path: [String], _ members: [String: JSONValue]) -> JSONValue {
        guard let step = path.first else {
            return .object((value.objectValue ?? [:]).merging(members) { $1 })
        }
        if var items = value.arrayValue, let index = Int(step) {
            items[index] = changed(items[index], Array(path.dropFirst()), members)
            return .array(items)
        }
        var all = value.objectValue ?? [:]
        all[step] = changed(all[step] ?? .null, Array(path.dropFirst()), members)
        return .object(all)
    }
}
