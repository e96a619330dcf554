import Foundation
import QueueProtocol
import StudioCore
import Testing

@testable import StudioMedia

/// Which frames the parts of a transcode hold, and which films have none.
@Suite("Parts of transcodes")
struct TranscodedPartFramesTests {
    @Test(
        "Every frame of every part shows the picture that it shows in one pass, whatever the rates and wherever it is cut",
        arguments: [
            ("25", nil), ("25", "24"), ("24", "25"), ("30000/1001", "24000/1001"), ("24000/1001", "30000/1001"),
            ("25", "50"), ("30", "12"), ("25", "25"),
        ] as [(String, String?)])
    func numbers(source rate: String, film: String?) throws {
        let scratch = try Scratch()
        let path = scratch.path("a.mp4")
        try NumberedFilm.make(
            path, rate: rate, ["-c:v", "libx264", "-g", "20", "-bf", "3", "-x264-params", "open-gop=1", "-crf", "5"])
        var work = Transcode(
            input: path, target: try MediaTarget(container: .mp4, video: VideoTarget(), audio: nil),
            change: PictureChange(frameRate: try film.map { try FrameRate(parsing: $0) }))
        try work.render(to: scratch.path("one.mp4"))
        let one = try NumberedFilm.numbers(scratch.path("one.mp4"))
        for cut in stride(from: 1, to: one.count, by: 7) {
            var found: [Int] = []
            for range in [0..<cut, cut..<one.count] {
                work.part = FilmPart(range, of: one.count)
                let outcome = try work.render(to: scratch.path("part.mp4"))
                #expect(outcome.frames == range.count)
                found += try NumberedFilm.numbers(scratch.path("part.mp4"))
            }
            #expect(found == one, "cut before \(cut)")
        }
    }

    @Test("A film without key frames, which can be entered nowhere, is read from its beginning")
    func noKeyFrames() throws {
        let scratch = try Scratch()
        let path = scratch.path("a.mp4")
        // Pictures are refreshed column by column over 60 of them: what follows an entry is not whole before.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=6", "-c:v", "libx264", "-x264-params",
            "intra-refresh=1:keyint=60:bframes=0:ref=1", "-crf", "5", path)
        var work = Transcode(
            input: path, target: try MediaTarget(container: .mp4, video: VideoTarget(rate: .factor(5)), audio: nil))
        work.part = FilmPart(85..<95, of: 150)
        #expect(try work.render(to: scratch.path("part.mp4")).frames == 10)
        try Tool.ffmpeg(
            "-i", path, "-vf", "trim=start_frame=85:end_frame=95,setpts=PTS-STARTPTS", "-c:v", "ffv1",
            scratch.path("exact.mkv"))
        #expect(try Tool.psnr(scratch.path("part.mp4"), scratch.path("exact.mkv")) > 40)
    }

    @Test("What has no such parts is refused by its name, and nothing is left")
    func refusals() throws {
        let scratch = try Scratch()
        let plain = ["-c:v", "libx264", "-g", "10", "-crf", "5"]
        try NumberedFilm.make(scratch.path("a.mp4"), plain)
        // One picture is left out in the middle, and all keep their times.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=8", "-vf", "select='not(eq(n,130))'", "-vsync",
            "passthrough", "-c:v", "libx264", scratch.path("gap.mp4"))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-vf", "setpts='if(lt(N,10),N,N*1.7)/25/TB'", "-vsync",
            "vfr", scratch.path("varying.mp4"))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:r=50:d=2", "-vf", "interlace", "-flags", "+ildct+ilme", "-c:v",
            "mpeg2video", "-field_order", "tt", scratch.path("fields.mov"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=1", scratch.path("sound.wav"))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "sine=d=2", "-itsoffset", "0.5", "-i", scratch.path("a.mp4"), "-map", "1:v", "-map",
            "0:a", "-c:v", "copy", scratch.path("late.mp4"))
        let silent = try MediaTarget(container: .mp4, video: VideoTarget(quality: .low), audio: nil)
        let out = scratch.path("out.mp4")
        func refused(_ file: String, _ part: FilmPart, _ says: String, _ change: (inout Transcode) -> Void = { _ in })
            throws
        {
            var work = Transcode(input: scratch.path(file), target: silent)
            work.part = part
            change(&work)
            let error = try #require(throws: MediaError.self, "\(file): \(says)") { try work.render(to: out) }
            #expect(error.message.contains(says), "\(file): \(error.message)")
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        try refused("gap.mp4", FilmPart(120..<199, of: 199), "The picture 130 of gap.mp4")
        try refused("gap.mp4", FilmPart(130..<199, of: 199), "The picture 130 of gap.mp4")
        try refused("a.mp4", FilmPart(40..<60, of: 60), "The picture 50 of a.mp4")
        try refused("a.mp4", FilmPart(80..<100, of: 100), "The picture 80 of a.mp4")
        try refused("late.mp4", FilmPart(0..<20, of: 50), "late.mp4")
        try refused("varying.mp4", FilmPart(0..<20, of: 50), "varying.mp4 do not all have the same duration")
        try refused("fields.mov", FilmPart(0..<20, of: 50), "made of fields")
        try refused("sound.wav", FilmPart(0..<20, of: 50), "no moving pictures")
        try refused("a.mp4", FilmPart(0..<0, of: 50), "no frames")
        try refused("a.mp4", FilmPart(20..<60, of: 50), "no frames")
        try refused("a.mp4", FilmPart(0..<20, of: 50), "pictures alone") { $0.target = .browser() }
        try refused("a.mp4", FilmPart(0..<20, of: 50), "pictures alone") { $0.copies = true }
        try refused("a.mp4", FilmPart(0..<20, of: 50), "pictures alone") { $0.range = ClipRange(from: .frame(1)) }
        // The plan says the same of them before anything is rendered.
        for (file, says) in [
            ("varying.mp4", "same duration"), ("fields.mov", "fields"), ("sound.wav", "no moving pictures"),
            ("late.mp4", "later than its sound"), ("gap.mp4", "same duration"),
        ] {
            let probe = try JSONText.decode(
                JSONValue.self, from: JSONText.compact(MediaProbe.read(path: scratch.path(file))))
            let refusal = #expect(throws: ChunkedTranscode.Refusal.self) {
                try ChunkedTranscode(parameters: [:], probe: probe, name: file)
            }
            #expect(refusal?.reason.contains(says) == true, "\(file): \(refusal?.reason ?? "")")
        }
    }
}
