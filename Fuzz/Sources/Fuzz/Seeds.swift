import Foundation
import QueueProtocol
import StudioCore

/// Whole documents to begin with, made by the studio's own writers; `scripts/fuzz.sh` adds the repository's.
enum Seeds {
    /// Writes them into a folder for each target.
    static func write(to folder: String) throws {
        for target in FuzzTarget.allCases {
            let place = URL(filePath: folder).appending(path: target.rawValue)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (number, bytes) in try seeds(of: target).enumerated() {
                try bytes.write(to: place.appending(path: "made-\(number)"))
            }
        }
    }

    private static func seeds(of target: FuzzTarget) throws -> [Data] {
        switch target {
        case .edl: return try cuts.map { Data(try $0.edl().utf8) }
        case .otio: return try cuts.map { try $0.otioFile() }
        case .webvtt: return [Data(subtitles.utf8)]
        case .subrip: return [Data(subtitles.utf8), Data(subRip.utf8)]
        case .project: return [Data(project.utf8)]
        case .canvas: return [Data(canvas.utf8)]
        case .function, .celery, .events, .picture: return []
        }
    }

    private static var cuts: [Cut] { [EditRate.film, EditRate(30_000, 1001)].compactMap { $0 }.map(cut) }

    private static func cut(_ rate: EditRate) -> Cut {
        func time(_ frames: Int) -> EditTime { EditTime(frames, at: rate) }
        func clip(_ name: String, _ frames: Range<Int>) -> Cut.Item {
            .clip(
                Cut.Clip(
                    name: name, source: .reference("03_Renders/\(name).mp4"), range: EditRange(frames, at: rate),
                    available: EditRange(0..<200, at: rate)))
        }
        let black = Cut.Item.clip(Cut.Clip(name: "BL", source: .black, range: EditRange(0..<24, at: rate)))
        let video = Cut.Track(
            .video,
            [
                black, .transition(Cut.Transition(before: time(0), after: time(8))), clip("SHOT-010", 12..<60),
                .transition(Cut.Transition(before: time(6), after: time(6))), clip("SHOT-020", 24..<72),
                .gap(Cut.Gap(time(10))), clip("SHOT-030", 0..<40),
            ], name: "V")
        let audio = Cut.Track(.audio, [clip("SHOT-010", 12..<60), clip("SHOT-020", 24..<72)], name: "A1", channel: 1)
        return Cut(
            name: "Three shots", rate: rate, tracks: [video, audio], globalStart: time(86_400),
            isDropFrame: rate.hasDropFrame, markers: [Cut.Marker(name: "Act 1", range: EditRange(0..<1, at: rate))])
    }

    private static let project = """
        {"schemaVersion": 1, "uuid": "0190f5fe-7c00-7a00-8000-000000000001", "title": "Harbour", "summary": "",
         "quality": "standard", "createdAt": "2026-01-01T00:00:00Z"}
        """

    private static let subtitles = """
        WEBVTT - sprites

        NOTE made by hand

        one
        00:00:00.000 --> 00:00:02.500 align:start position:10%
        sprite.jpg#xywh=0,0,160,90

        00:00:02.500 --> 01:00:05.000
        <v Ada>Second &amp; last</v>
        over two lines

        """

    private static let subRip = """
        1
        00:00:00,000 --> 00:00:02,500
        <b>First</b> {\\an8}line

        2
        00:00:02,500 --> 01:00:05,000
        Second

        """

    private static let canvas = """
        {"nodes": [
          {"id": "p", "type": "value", "position": {"x": 0, "y": 0}, "data": {"value": ["a", "b"]}},
          {"id": "i", "type": "function", "position": {"x": 1, "y": 0}, "data": {"function": "image",
            "parameters": {"seed": 3, "strength": 0.5}, "fanOut": {"parameter": "strength", "values": [0, 1]}}},
          {"id": "f", "type": "asset", "position": {"x": 3, "y": 0}, "data": {"path": ["c.mp4"]}},
          {"id": "o", "type": "output", "position": {"x": 4, "y": 0}, "data": {"shot": "S-1", "version": 2}},
          {"id": "g", "type": "group", "position": {"x": 4, "y": 0}, "data": {}}],
         "edges": [{"id": "1", "source": "p", "target": "i", "targetHandle": "parameter:prompt"},
          {"id": "2", "source": "i", "target": "o", "targetHandle": "in", "data": {"order": 2}}],
         "viewport": {"x": 0, "y": 0, "zoom": 1}}
        """
}
