import Foundation
import StudioCore
import StudioMedia
import Testing

/// Films of cuts with several tracks of pictures: what is seen, and what is heard of it.
@Suite("Films of stacked tracks") struct StackedTracksTests {
    typealias Source = NumberedSource

    /// Levels of the sources' sound, each in a source of its own.
    private static let levels = ["low.mov": 0.25, "high.mov": 0.5, "top.mov": 0.125]

    /// Flat films of luma 60, 180 and 120, with a steady level of sound; `still.png` is white.
    private func sources() throws -> Scratch {
        let scratch = try Scratch()
        for (name, luma) in [("low.mov", 60), ("high.mov", 180), ("top.mov", 120)] {
            try Tool.ffmpeg(
                "-f", "lavfi", "-i", "color=black:s=96x54:r=24,format=yuv420p,geq=lum='\(luma)':cb=128:cr=128", "-f",
                "lavfi", "-i", "aevalsrc='\(Self.levels[name] ?? 0)|\(Self.levels[name] ?? 0)':s=48000:d=5", "-t", "4",
                "-c:v", "libx264", "-crf", "4", "-color_range", "tv", "-colorspace", "bt709", "-c:a", "pcm_s16le",
                scratch.path(name))
        }
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=white:s=96x54", "-frames:v", "1", scratch.path("still.png"))
        return scratch
    }

    private func gap(_ frames: Int) -> Cut.Item { .gap(Cut.Gap(EditTime(frames, at: .film))) }

    private func black(_ frames: Int) -> Cut.Item {
        .clip(Cut.Clip(name: "BL", source: .black, range: EditRange(0..<frames, at: .film)))
    }

    /// The luma of every frame, and the level in the middle of every frame.
    private func film(
        _ tracks: [[Cut.Item]], audio: [Cut.Item] = [], _ scratch: Scratch
    ) throws -> (luma: [Int], level: [Double]) {
        let names = ["low.mov", "high.mov", "top.mov", "still.png"]
        let cut = Cut(
            name: "x", rate: .film,
            tracks: tracks.map { Cut.Track(.video, $0) } + (audio.isEmpty ? [] : [Cut.Track(.audio, audio)]))
        let plan = try ConformPlan(
            cut, from: ConformCatalogue(try names.map { try Source.source(scratch, $0) }), settings: .init(rate: .film))
        let target = try MediaTarget(
            container: .mov, video: VideoTarget(quality: .low, rate: .factor(1), threads: 2),
            audio: AudioTarget(codec: .pcm16))
        let output = scratch.path("film.mov")
        try Conform(
            plan: plan, files: plan.sources.map { scratch.path($0.path) }, target: target, width: 96, height: 54
        )
        .render(to: output)
        let samples = try Source.samples(output)
        let level = (0..<plan.frameCount).map { frame in
            Double(samples[2 * (plan.sample(ofFrame: frame) + 1000)]) / 32_768
        }
        return (try Source.read(output).map(\.y), level)
    }

    @Test("An upper track fades over the lower one's picture and sound, by the same weights")
    func fades() throws {
        let scratch = try sources()
        let (luma, level) = try film(
            [
                [Source.clip("low.mov", 0..<60)],
                [gap(10), Source.dissolve(0, 7), Source.clip("high.mov", 0..<30), Source.dissolve(5, 0)],
            ], scratch)
        #expect(luma.count == 60)
        for frame in 0..<60 {
            let weight: Double =
                switch frame {
                case 10..<17: Double(frame - 9) / 8
                case 17..<35: 1
                case 35..<40: 1 - Double(frame - 34) / 6
                default: 0
                }
            #expect(abs(Double(luma[frame]) - (60 + 120 * weight)) <= 1.5, "frame \(frame): \(luma[frame])")
            // Sound rises and falls steadily over the same frames; here it is looked at in the middle of each.
            let heard: Double =
                switch frame {
                case 10..<17: (Double(frame - 10) + 0.5) / 7
                case 17..<35: 1
                case 35..<40: 1 - (Double(frame - 35) + 0.5) / 5
                default: 0
                }
            #expect(abs(level[frame] - (0.25 + 0.25 * heard)) < 0.001, "frame \(frame): \(level[frame])")
        }
    }

    @Test("Through three tracks, and a dissolve below a fade") func depths() throws {
        let scratch = try sources()
        // Below, the low film dissolves into the high one at frames 8..<16; above, the top one fades in at 10..<14 and out at
        // 20..<24.
        let (luma, level) = try film(
            [
                [Source.clip("low.mov", 0..<12), Source.dissolve(4, 4), Source.clip("high.mov", 10..<40)],
                [gap(10), Source.dissolve(0, 4), Source.clip("top.mov", 0..<14), Source.dissolve(4, 0)],
            ], scratch)
        for frame in 0..<42 {
            let under = 60 + 120 * min(1, max(0, Double(frame - 7) / 9))
            let over: Double =
                switch frame {
                case 10..<14: Double(frame - 9) / 5
                case 14..<20: 1
                case 20..<24: 1 - Double(frame - 19) / 5
                default: 0
                }
            let expected = under + (120 - under) * over
            #expect(abs(Double(luma[frame]) - expected) <= 1.5, "frame \(frame): \(luma[frame]), \(expected)")
            let below = 0.25 + 0.25 * min(1, max(0, (Double(frame - 8) + 0.5) / 8))
            let above: Double =
                switch frame {
                case 10..<14: (Double(frame - 10) + 0.5) / 4
                case 14..<20: 1
                case 20..<24: 1 - (Double(frame - 20) + 0.5) / 4
                default: 0
                }
            #expect(abs(level[frame] - (below + (0.125 - below) * above)) < 0.001, "frame \(frame): \(level[frame])")
        }
    }

    @Test("Black that was put there hides the lower track, and a picture without sound lets it be heard")
    func blackAndSilence() throws {
        let scratch = try sources()
        let (luma, level) = try film(
            [
                [Source.clip("low.mov", 0..<40)],
                [
                    gap(4), black(6), Source.dissolve(0, 4), Source.clip("high.mov", 0..<10), gap(6),
                    Source.clip("still.png", 0..<8),
                ],
            ], scratch)
        #expect(luma[0] == 60 && luma[5] == 16 && abs(luma[10] - (16 + 164 / 5)) <= 1 && luma[16] == 180)
        #expect(luma[22] == 60 && luma[28] == 235 && luma[36] == 60)
        for (frame, wanted) in [(0, 0.25), (5, 0.25), (16, 0.5), (22, 0.25), (28, 0.25), (36, 0.25)] {
            #expect(abs(level[frame] - wanted) < 0.001, "frame \(frame): \(level[frame])")
        }
    }

    @Test("Sound tracks are heard instead of the pictures' sound") func soundTracksWin() throws {
        let scratch = try sources()
        let (_, level) = try film(
            [[Source.clip("low.mov", 0..<20)], [gap(5), Source.clip("high.mov", 0..<5)]],
            audio: [Source.clip("top.mov", 0..<20)], scratch)
        #expect(level.allSatisfy { abs($0 - 0.125) < 0.001 }, "\(level)")
    }
}
