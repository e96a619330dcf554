/// A moving picture painted from words and a number: the development tier's stand-in for a model.
///
/// Waves are laid over each other, coloured by a palette that the prompt chooses, with glowing discs in front; the seed
/// chooses the composition. All arithmetic is in whole numbers, so that the same prompt, seed, size and time give the same
/// bytes on every run and every machine. Painting is proportional to the number of pixels and needs no memory beyond a row.
public struct MockPicture: Sendable {
    /// The width in pixels.
    public let width: Int
    /// The height in pixels.
    public let height: Int

    let palette: Palette
    let waves: [Wave]
    let discs: [Disc]

    /// Composes a picture.
    /// - Parameters:
    ///   - prompt: The words; any text, also none.
    ///   - seed: The number that tells takes of one prompt apart.
    ///   - width: The width in pixels, 16 to 16,384.
    ///   - height: The height in pixels, 16 to 16,384.
    /// - Throws: `MediaError` with `parametersInvalid` for a size outside these bounds or over 2^26 pixels.
    public init(prompt: String, seed: UInt64, width: Int, height: Int) throws {
        guard (16...16_384).contains(width), (16...16_384).contains(height), width * height <= 1 << 26 else {
            throw MediaError(
                .parametersInvalid,
                "A size of \(width)×\(height) is not possible: each side has 16 to 16384 pixels, the picture at most 67108864."
            )
        }
        self.width = width
        self.height = height
        var chance = Chance(Chance.start(words: prompt, seed: seed))
        palette = Palette(prompt: prompt, chance: &chance)
        var waves: [Wave] = []
        for index in 0..<Wave.count { waves.append(Wave(index: index, chance: &chance, longSide: max(width, height))) }
        self.waves = waves
        var discs: [Disc] = []
        for _ in 0..<chance.pick(3...5) { discs.append(Disc(chance: &chance)) }
        self.discs = discs
    }

    /// Paints the picture as packed RGB, three bytes a pixel, without padding.
    /// - Parameter microseconds: The moment since the start.
    /// - Returns: `width * height * 3` bytes.
    public func rgb(atMicroseconds microseconds: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            if let base = buffer.baseAddress { paintRGB(into: base, stride: width * 3, at: microseconds) }
            count = width * height * 3
        }
    }
}

/// A wave: a phase for every column plus a phase for every row, looked up in the sine. 1024 steps are a turn.
struct Wave: Sendable {
    static let count = 4

    /// Steps a pixel, times 65,536.
    private let columnRate: Int
    private let rowRate: Int
    /// Steps a second.
    private let speed: Int
    private let phase: Int
    /// How far the other axis bends the wave, in steps.
    private let bend: Int
    private let bendRate: Int
    /// Rings instead of stripes.
    private let isRound: Bool
    private let centre: (x: Int, y: Int)

    init(index: Int, chance: inout Chance, longSide: Int) {
        isRound = index == 3
        // Whole turns across the long side, so that a picture looks the same at every size.
        columnRate = chance.pickSigned(index == 1 ? 100...500 : 500...1900) * 65_536 / longSide
        rowRate = chance.pickSigned(index == 0 ? 100...500 : 500...1900) * 65_536 / longSide
        speed = chance.pickSigned(60...260)
        phase = chance.pick(0...1023)
        bend = chance.pick(40...170)
        bendRate = chance.pick(700...1800) * 65_536 / longSide
        centre = (chance.pick(20...80), chance.pick(20...80))
    }

    /// The phases at a moment, reduced to a turn.
    func phases(count: Int, ofRows: Bool, longSide: Int, at microseconds: Int64) -> [UInt16] {
        let drift = Int(microseconds % 1_000_000_000_000) * speed / 1_000_000
        if isRound {
            let middle = count * (ofRows ? centre.y : centre.x) / 100
            let strength = abs(columnRate) + 65_536 * 900 / longSide
            return (0..<count).map { place in
                let distance = place - middle
                let square = (distance * distance * strength / longSide) >> 16
                return UInt16(truncatingIfNeeded: (square + (ofRows ? drift + phase : 0)) & 1023)
            }
        }
        let rate = ofRows ? rowRate : columnRate
        return (0..<count).map { place in
            let bent = SineTable.at((place * bendRate >> 16) + drift / 2 + phase) * bend >> 8
            return UInt16(truncatingIfNeeded: ((place * rate >> 16) + bent + (ofRows ? drift + phase : 0)) & 1023)
        }
    }
}

/// A soft glowing disc on a closed path.
struct Disc: Sendable {
    private let centre: (x: Int, y: Int)
    private let reach: (x: Int, y: Int)
    private let speed: (x: Int, y: Int)
    private let phase: (x: Int, y: Int)
    private let size: Int
    let strength: Int

    init(chance: inout Chance) {
        centre = (chance.pick(25...75), chance.pick(25...75))
        reach = (chance.pick(12...40), chance.pick(12...40))
        speed = (chance.pickSigned(70...220), chance.pickSigned(70...220))
        phase = (chance.pick(0...1023), chance.pick(0...1023))
        size = chance.pick(7...20)
        strength = chance.pick(150...250)
    }

    /// Where it is at a moment, in pixels.
    func place(width: Int, height: Int, at microseconds: Int64) -> (x: Int, y: Int, radius: Int) {
        let time = Int(microseconds % 1_000_000_000_000)
        let x = SineTable.at(time * speed.x / 1_000_000 + phase.x) * reach.x * width / 25_600 + centre.x * width / 100
        let y = SineTable.at(time * speed.y / 1_000_000 + phase.y) * reach.y * height / 25_600 + centre.y * height / 100
        return (x, y, max(2, size * max(width, height) / 100))
    }
}
