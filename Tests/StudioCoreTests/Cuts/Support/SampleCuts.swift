import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit

/// Cuts that tests read and write.
enum SampleCuts {
    /// Three shots with a fade in, a dissolve, a gap and a fade out, and a sound track.
    ///
    /// With `isAfterBlack` a second of black comes first: the CMX3600 adapter reads no fade at the beginning of a track.
    static func film(_ rate: EditRate, isDropFrame: Bool = false, isAfterBlack: Bool = false) -> Cut {
        func time(_ frames: Int) -> EditTime { EditTime(frames, at: rate) }
        func clip(_ name: String, _ frames: Range<Int>) -> Cut.Clip {
            Cut.Clip(
                name: name, source: .reference("03_Renders/\(name)/\(name)_v01_take01.mp4"),
                range: EditRange(frames, at: rate), available: EditRange(0..<200, at: rate))
        }
        var first = clip("SHOT-010", 12..<60)
        first.markers = [Cut.Marker(name: "LOOK", range: EditRange(20..<20, at: rate), colour: "RED")]
        var video = Cut.Track(
            .video,
            [
                .transition(Cut.Transition(before: time(0), after: time(8), name: "fade in")), .clip(first),
                .transition(Cut.Transition(before: time(6), after: time(6), name: "dissolve")),
                .clip(clip("SHOT-020", 24..<72)), .gap(Cut.Gap(time(10))), .clip(clip("SHOT-030", 0..<40)),
                .transition(Cut.Transition(before: time(10), after: time(0), name: "fade out")),
            ], name: "V")
        if isAfterBlack {
            let black = EditRange(0..<rate.timecodeBase, at: rate)
            video.items.insert(.clip(Cut.Clip(name: "BL", source: .black, range: black)), at: 0)
        }
        let audio = Cut.Track(
            .audio, [.clip(clip("SHOT-010", 12..<60)), .clip(clip("SHOT-020", 24..<72))], name: "A1", channel: 1)
        return Cut(
            name: "Three shots", rate: rate, tracks: [video, audio],
            globalStart: Timecode.frames("01:00:00:00", at: rate, isDropFrame: isDropFrame).map(time),
            isDropFrame: isDropFrame, markers: [Cut.Marker(name: "Act 1", range: EditRange(0..<1, at: rate))])
    }

    /// What both worlds must agree on, one line per item: black is a gap, rates have three places.
    static func lines(_ cut: Cut) -> [String] {
        func text(_ time: EditTime) -> String { "\(time.frames)@\(Int((time.rate.framesPerSecond * 1000).rounded()))" }
        return cut.tracks.flatMap { track in
            ["track \(track.kind.rawValue)"]
                + track.items.map { item in
                    switch item {
                    case .clip(let clip) where clip.source != .black:
                        "clip \(clip.name) " + (clip.range.map { "\(text($0.start)) \(text($0.duration))" } ?? "whole")
                    case .clip(let clip): "gap " + (clip.range.map { text($0.duration) } ?? "")
                    case .gap(let gap): "gap \(text(gap.duration))"
                    case .transition(let transition):
                        "transition \(text(transition.before)) \(text(transition.after))"
                    }
                }
        }
    }

    /// Runs a piece of Python that has `otio`, the arguments, and `lines(timeline)`, which says what ``lines(_:)`` says.
    static func python(_ source: String, _ arguments: [String] = []) async throws -> String {
        let ended = try await PythonProgram.run(prelude + source, arguments)
        guard ended.exit == .code(0) else { throw TestKitError(ended.errors) }
        return ended.output
    }

    private static let prelude = """
        import sys
        import opentimelineio as otio

        def text(time):
            return f"{round(time.value)}@{round(time.rate * 1000)}"

        def lines(timeline):
            for track in timeline.tracks:
                print("track", track.kind)
                for item in track:
                    if isinstance(item, otio.schema.Transition):
                        print("transition", text(item.in_offset), text(item.out_offset))
                    elif isinstance(item, otio.schema.Gap) or isinstance(
                            item.media_reference, otio.schema.GeneratorReference):
                        print("gap", text(item.duration()))
                    else:
                        print("clip", item.name, text(item.source_range.start_time), text(item.source_range.duration))

        arguments = sys.argv[1:]

        """
}
