import StudioCore
import StudioMedia
import Testing

/// Sound stays with the picture, to a millisecond.
@Suite struct SyncTests {
    /// A film to be transcoded.
    struct Film: CustomTestStringConvertible {
        var name: String
        var rate: String
        var encoding: [String]
        var testDescription: String { "\(name) at \(rate)" }
    }

    private static let films = [
        Film(name: "a.mov", rate: "25", encoding: ["-c:v", "prores_ks", "-c:a", "pcm_s16le"]),
        Film(name: "a.mp4", rate: "24000/1001", encoding: ["-c:v", "libx264", "-c:a", "aac"]),
        Film(name: "a.mkv", rate: "30", encoding: ["-c:v", "libx264", "-bf", "2", "-c:a", "flac"]),
        Film(name: "a.ts", rate: "25", encoding: ["-c:v", "mpeg2video", "-c:a", "mp2", "-b:a", "256k"]),
    ]

    @Test(arguments: films) func aTranscodeMovesNothing(film: Film) throws {
        let scratch = try Scratch()
        try FlashAndBeep.make(scratch.path(film.name), rate: film.rate, encoding: film.encoding)
        let before = try FlashAndBeep.offsets(scratch.path(film.name))
        try Transcode(input: scratch.path(film.name), quality: .low).render(to: scratch.path("out.mp4"))
        let after = try FlashAndBeep.offsets(scratch.path("out.mp4"))
        #expect(before.count == 3 && after.count == 3, "three flashes with a beep each: \(before), \(after)")
        for (first, second) in zip(before, after) {
            #expect(abs(first - second) <= 0.001, "\(before) became \(after)")
        }
        for offset in after { #expect(abs(offset) <= 0.001, "\(after)") }
    }
}
