import Foundation
import StudioCore
import StudioMedia
import Testing

/// Contact sheets and sprite sheets: what stands where, judged by colours that change every second.
@Suite struct SheetTests {
    /// A film that is red, lime, blue and white for a second each.
    private static func film(_ scratch: Scratch, _ name: String = "film.mp4", _ more: String...) throws -> String {
        let sources = ["red", "lime", "blue", "white"].flatMap {
            ["-f", "lavfi", "-i", "color=\($0):s=64x36:r=24:d=1"]
        }
        try Tool.ffmpeg(
            sources + ["-filter_complex", "[0][1][2][3]concat=n=4", "-g", "1000", "-pix_fmt", "yuv420p"] + more
                + [scratch.path(name)])
        return scratch.path(name)
    }

    private static func letter(_ pixels: [UInt8], _ width: Int, _ x: Int, _ y: Int) -> String {
        let at = 3 * (y * width + x)
        return switch (pixels[at] > 128, pixels[at + 1] > 128, pixels[at + 2] > 128) {
        case (true, false, false): "r"
        case (false, true, false): "l"
        case (false, false, true): "b"
        case (true, true, true): "w"
        default: "-"
        }
    }

    /// The letters of a sheet's places, row by row.
    private static func places(
        _ path: String, columns: Int, rows: Int, tile: (Int, Int), gap: Int, label: Int
    ) throws -> (text: String, size: [Int?]) {
        let video = try #require(try Tool.ffprobe(path).video)
        let (width, height) = (try #require(video.width), try #require(video.height))
        let pixels = try Tool.pixels(path, width: width, height: height)
        let text = (0..<rows).map { row in
            (0..<columns).map { column in
                letter(
                    pixels, width, gap + column * (tile.0 + gap) + tile.0 / 2,
                    gap + row * (tile.1 + label + gap) + tile.1 / 2)
            }.joined()
        }.joined(separator: " ")
        return (text, [width, height])
    }

    @Test(arguments: [StillFormat.jpg, .png]) func oneFilmFillsTheSheetEvenly(format: StillFormat) throws {
        let scratch = try Scratch()
        let sheet = scratch.path("sheet.\(format.rawValue)")
        try ContactSheet(
            inputs: [try Self.film(scratch)], columns: 4, rows: 2, tileWidth: 64, hasLabels: false, format: format
        ).render(to: sheet)
        let seen = try Self.places(sheet, columns: 4, rows: 2, tile: (64, 36), gap: 2, label: 0)
        #expect(seen.text == "rrll bbww")
        #expect(seen.size == [2 + 4 * 66, 2 + 2 * 38])
    }

    @Test func eachOfSeveralFilmsHasARowAndPicturesFollow() throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch)
        let turned = try Self.film(scratch, "plain.mp4")
        try Tool.ffmpeg("-i", turned, "-c", "copy", "-metadata:s:v", "rotate=90", scratch.path("turned.mp4"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=blue:s=64x36", "-frames:v", "1", scratch.path("still.png"))
        try ContactSheet(
            inputs: [film, scratch.path("turned.mp4"), scratch.path("still.png"), scratch.path("still.png")],
            columns: 4, tileWidth: 64
        ).render(to: scratch.path("sheet.jpg"))
        let seen = try Self.places(scratch.path("sheet.jpg"), columns: 4, rows: 3, tile: (64, 36), gap: 2, label: 16)
        #expect(seen.text == "rlbw rlbw bb--")
        // The turned film stands upright in the middle of its place: its sides are as dark as the sheet.
        let width = try #require(seen.size[0])
        let pixels = try Tool.pixels(scratch.path("sheet.jpg"), width: width, height: try #require(seen.size[1]))
        #expect(Self.letter(pixels, width, 2 + 4, 2 + 54 + 18) == "-")
    }

    @Test func labelsAreDrawnAsTheyStand() throws {
        let scratch = try Scratch()
        // A name in the language of filters must neither be read as one nor break the sheet.
        let names = ["plain.mp4", "a'b:c%{pts}[x],;\\d.mp4"]
        var sheets: [[UInt8]] = []
        for name in names {
            let film = try Self.film(scratch, "film.mp4")
            try FileManager.default.moveItem(atPath: film, toPath: scratch.path(name))
            for hasLabels in [true, false] {
                try ContactSheet(
                    inputs: [scratch.path(name)], columns: 1, rows: 1, tileWidth: 256, hasLabels: hasLabels,
                    format: .png
                ).render(to: scratch.path("sheet.png"))
                let video = try #require(try Tool.ffprobe(scratch.path("sheet.png")).video)
                #expect(video.height == 6 + 144 + 6 + (hasLabels ? 16 : 0))
                guard hasLabels else { continue }
                sheets.append(try Tool.pixels(scratch.path("sheet.png"), width: 268, height: 172))
            }
        }
        // Text is bright on dark below the picture, and another name is another text.
        for pixels in sheets { #expect(pixels[(3 * 268 * 150)...].contains { $0 > 160 }) }
        #expect(sheets[0] != sheets[1])
    }

    @Test func theSpritesStandWhereTheIndexSays() throws {
        let scratch = try Scratch()
        try SpriteSheet(input: try Self.film(scratch), interval: 0.5, tileWidth: 64, address: "sprite.jpg")
            .render(to: scratch.path("sprite.jpg"), index: scratch.path("sprite.vtt"))
        let text = String(decoding: try scratch.bytes("sprite.vtt"), as: UTF8.self)
        #expect(text.hasPrefix("WEBVTT\n\n00:00:00.000 --> 00:00:00.500\nsprite.jpg#xywh=0,0,64,36\n"))
        let pixels = try Tool.pixels(scratch.path("sprite.jpg"), width: 512, height: 36)
        let places = text.matches(of: #/00:00:0(\d)\.(\d)00 --> .*\n.*#xywh=(\d+),(\d+),64,36/#)
        #expect(places.count == 8)
        for (number, place) in places.enumerated() {
            #expect(place.1 == "\(number / 2)" && place.2 == "\(number % 2 * 5)")
            let (x, y) = (try #require(Int(place.3)), try #require(Int(place.4)))
            #expect(Self.letter(pixels, 512, x + 32, y + 18) == ["r", "l", "b", "w"][number / 2])
        }
        #expect(text.hasSuffix("00:00:03.500 --> 00:00:04.000\nsprite.jpg#xywh=448,0,64,36\n"))
        // ffmpeg reads WebVTT too.
        #expect(try Tool.ffprobe(scratch.path("sprite.vtt")).streams.first?.codec_name == "webvtt")
    }

    @Test func theIntervalGrowsWhereStillsWouldBeTooMany() throws {
        let scratch = try Scratch()
        try SpriteSheet(input: try Self.film(scratch), interval: 0.04, tileWidth: 32, maxStills: 12, address: "image")
            .render(to: scratch.path("sprite.jpg"), index: scratch.path("sprite.vtt"))
        let text = String(decoding: try scratch.bytes("sprite.vtt"), as: UTF8.self)
        #expect(text.matches(of: #/-->/#).count == 12)
        let video = try #require(try Tool.ffprobe(scratch.path("sprite.jpg")).video)
        #expect((video.width, video.height) == (320, 36))
    }

    @Test func whatHasNoPicturesToScrubIsRefusedAndLeavesNothing() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=1", scratch.path("a.wav"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", scratch.path("b.png"))
        for name in ["a.wav", "b.png"] {
            let error = try #require(throws: MediaError.self) {
                try SpriteSheet(input: scratch.path(name), address: "image")
                    .render(to: scratch.path("sprite.jpg"), index: scratch.path("sprite.vtt"))
            }
            #expect(error.code == .unsupported)
        }
        let error = try #require(throws: MediaError.self) {
            try ContactSheet(inputs: [scratch.path("b.png")], columns: 17).render(to: scratch.path("sheet.jpg"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try scratch.names == ["a.wav", "b.png"])
    }
}
