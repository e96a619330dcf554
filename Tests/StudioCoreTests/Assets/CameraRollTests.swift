import StudioCore
import StudioTestKit
import Testing

@Suite("Rolls of cameras")
struct CameraRollTests {
    /// An Exif block with a time, in either order of bytes.
    private static func exif(_ time: String, parts: String? = nil, isLittle: Bool = true) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isLittle ? bytes : bytes.reversed()
        }
        let entries = parts == nil ? 1 : 2
        let main = number(1, 2) + number(0x8769, 2) + number(4, 2) + number(1, 4) + number(26, 4) + number(0, 4)
        let text = 26 + 2 + 12 * entries + 4
        var own = number(entries, 2) + number(0x9003, 2) + number(2, 2) + number(20, 4) + number(text, 4)
        if let parts {
            let padded = Array(parts.utf8.prefix(3)) + [UInt8](repeating: 0, count: 4 - min(3, parts.utf8.count))
            own += number(0x9291, 2) + number(2, 2) + number(parts.utf8.count + 1, 4) + padded
        }
        return Array((isLittle ? "II" : "MM").utf8) + number(42, 2) + number(8, 4) + main + own + number(0, 4)
            + Array(time.utf8) + [0]
    }

    private static func jpeg(_ block: [UInt8]) -> [UInt8] {
        let content = Array("Exif\0\0".utf8) + block
        let length = content.count + 2
        return [0xFF, 0xD8, 0xFF, 0xE0, 0, 6, 1, 2, 3, 4, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + content
            + [0xFF, 0xDA, 0, 0]
    }

    private func seconds(_ bytes: [UInt8]) -> Double? { CaptureTime(pictureBeginning: bytes)?.seconds }

    @Test("A camera's time is read out of JPEG and TIFF, in either order of bytes")
    func times() throws {
        let noon = try #require(seconds(Self.jpeg(Self.exif("2024:02:28 12:00:00"))))
        #expect(seconds(Self.exif("2024:02:28 12:00:07", isLittle: false)) == noon + 7)
        #expect(seconds(Self.jpeg(Self.exif("2024:02:28 12:00:00", parts: "25", isLittle: false))) == noon + 0.25)
        // A leap year, the turn of a year, and a century without a leap day.
        #expect(seconds(Self.exif("2024:03:01 12:00:00")) == noon + 2 * 86_400)
        #expect(seconds(Self.exif("2025:02:28 12:00:00")) == noon + 366 * 86_400)
        let old = try #require(seconds(Self.exif("1900:02:28 00:00:00")))
        #expect(seconds(Self.exif("1900:03:01 00:00:00")) == old + 86_400)
    }

    @Test("What has no time, or none that makes sense, has none, whatever is broken in it")
    func none() {
        for text in ["", "2024:13:01 12:00:00", "2024-02-28 12:00:00", "0000:00:00 00:00:00", "    :  :     :  :  "] {
            #expect(seconds(Self.exif(text)) == nil, "\(text)")
        }
        #expect(seconds(Array("\u{89}PNG".utf8)) == nil && seconds([]) == nil && seconds([0xFF, 0xD8, 0xFF]) == nil)
        var random = SeededGenerator(state: 6)
        let whole = Self.jpeg(Self.exif("2024:02:28 12:00:00", parts: "25"))
        for _ in 0..<20_000 {
            var broken = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<Int.random(in: 0...4, using: &random) where !broken.isEmpty {
                broken[Int.random(in: broken.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = CaptureTime(pictureBeginning: broken)
        }
    }

    private func isRoll(_ seconds: [Double?], numbers: [Int]? = nil) throws -> Bool {
        CameraRoll.isOne(
            seconds.enumerated().map { index, second in
                let text = second.map { second -> String in
                    let whole = Int(second)
                    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
                    return "2026:07:14 \(two(whole / 3600)):\(two(whole / 60 % 60)):\(two(whole % 60))"
                }
                return (
                    numbers?[index] ?? index + 1, text.flatMap { CaptureTime(pictureBeginning: Self.exif($0)) }
                )
            })
    }

    @Test("Pictures taken one by one are a roll; at intervals, in a burst, or by no camera they are none")
    func rolls() throws {
        var random = SeededGenerator(state: 7)
        var strolls: [Double] = []
        for _ in 0..<60 {
            strolls.append((strolls.last ?? 0) + ([2, 3, 8, 25, 90, 400].randomElement(using: &random) ?? 2))
        }
        #expect(try isRoll(strolls))
        // Bursts with pauses between them.
        #expect(try isRoll((0..<60).map { Double($0 / 6 * 300 + $0 % 6) }))
        // Intervals of ten seconds, each off by one; of a fifth of a second; with numbers missing.
        #expect(try !isRoll((0..<60).map { Double($0 * 10 + $0 % 2) }))
        #expect(try !isRoll((0..<60).map { Double($0 / 5) }))
        #expect(try !isRoll((0..<30).map { Double($0 * 20) }, numbers: (0..<30).map { $0 * 2 + 1 }))
        #expect(try !isRoll(Array(repeating: nil, count: 60)))
        // A film that was rendered, of which a few pictures were replaced by photographs.
        #expect(try !isRoll((0..<60).map { $0 < 10 ? strolls[$0] : nil }))
        #expect(try !isRoll([]))
    }
}
