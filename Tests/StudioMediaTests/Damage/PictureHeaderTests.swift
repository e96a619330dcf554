import StudioTestKit
import Testing

@_spi(Fuzzing) @testable import StudioMedia

/// Headers of picture files that fuzzing and reading found to trip our readers: each is read or refused, and none ends the
/// process.
@Suite("Broken headers of pictures") struct PictureHeaderTests {
    private static let window = attribute("dataWindow", "box2i", numbers(0, 0, 63, 47))

    private static func numbers(_ values: Int32...) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }

    private static func attribute(_ name: String, _ type: String, _ value: [UInt8], length: Int32? = nil) -> [UInt8] {
        Array(name.utf8) + [0] + Array(type.utf8) + [0] + numbers(length ?? Int32(value.count)) + value
    }

    private static func exr(tiled: Bool = false, _ attributes: [UInt8]...) -> [UInt8] {
        [0x76, 0x2F, 0x31, 0x01, 2, tiled ? 2 : 0, 0, 0] + attributes.flatMap { $0 }
    }

    @Test("An attribute without the value that it promises, at the file's end")
    func valuesBehindTheEnd() {
        let compression = Self.attribute("compression", "compression", [])
        #expect(PictureClaim(readingHeader: Self.exr(Self.window, compression)) == nil)
        let tiles = Self.attribute("tiles", "tiledesc", Self.numbers(64, 64))
        #expect(PictureClaim(readingHeader: Self.exr(tiled: true, Self.window, tiles)) == nil)
    }

    @Test("More tiles than can be counted") func tooManyTiles() throws {
        let whole = Self.attribute("dataWindow", "box2i", Self.numbers(.min, .min, .max, .max))
        let tiles = Self.attribute("tiles", "tiledesc", Self.numbers(1, 1) + [0])
        let claim = try #require(PictureClaim(readingHeader: Self.exr(tiled: true, whole, tiles, [0])))
        #expect(!claim.isWhole && claim.width == 1 << 32)
    }

    @Test("Damaged headers of every kind", arguments: ["a.exr", "a.dpx", "a.png", "a.jpg", "a.tif", "a.webp"])
    func damaged(name: String) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=16x16", "-frames:v", "1", "-update", "1", scratch.path(name))
        let whole = try scratch.bytes(name)
        let claim = try #require(PictureClaim(readingHeader: whole))
        #expect(claim == PictureClaim(readingHeader: whole) && claim.width == 16 && claim.height == 16 && claim.isWhole)
        var chance = SeededGenerator(state: 1)
        for round in 0..<1000 {
            // The header alone, where what is read stands.
            let damage = Damage.allCases[round % Damage.allCases.count]
            let head = damage.apply(to: Array(whole.prefix(1024)), &chance)
            _ = PictureClaim(readingHeader: head)
            _ = PictureClaim(readingHeader: head + whole.dropFirst(1024))
        }
    }
}
