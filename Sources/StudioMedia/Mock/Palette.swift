/// A colour in sRGB, 0…255 a component.
struct Colour: Equatable {
    var red: Int
    var green: Int
    var blue: Int

    /// - Parameters:
    ///   - hue: 0…1535, a sixth of the circle for each 256.
    ///   - saturation: 0…255.
    ///   - value: 0…255.
    init(hue: Int, saturation: Int, value: Int) {
        let hue = ((hue % 1536) + 1536) % 1536
        let low = value * (255 - saturation) / 255
        let span = value - low
        let step = hue & 255
        let (up, down) = (low + span * step / 255, value - span * step / 255)
        switch hue >> 8 {
        case 0: (red, green, blue) = (value, up, low)
        case 1: (red, green, blue) = (down, value, low)
        case 2: (red, green, blue) = (low, value, up)
        case 3: (red, green, blue) = (low, down, value)
        case 4: (red, green, blue) = (up, low, value)
        default: (red, green, blue) = (value, low, down)
        }
    }

    init(mixing first: Colour, _ second: Colour, weight: Int) {
        red = (first.red * (256 - weight) + second.red * weight) >> 8
        green = (first.green * (256 - weight) + second.green * weight) >> 8
        blue = (first.blue * (256 - weight) + second.blue * weight) >> 8
    }

    /// BT.709 limited range in 16-bit fixed point.
    var luma: UInt8 { Self.clamp(16 + (11966 * red + 40254 * green + 4064 * blue + 32768) >> 16) }
    var blueDifference: UInt8 { Self.clamp(128 + (-6596 * red - 22189 * green + 28784 * blue + 32768) >> 16) }
    var redDifference: UInt8 { Self.clamp(128 + (28784 * red - 26145 * green - 2639 * blue + 32768) >> 16) }

    private static func clamp(_ value: Int) -> UInt8 { UInt8(clamping: value) }
}

/// The colours that a picture's heights are painted in, as tables to look up.
struct Palette {
    /// The heights a picture has: 0 up to this, not including it.
    static let count = 2049

    private(set) var luma: [UInt8] = []
    private(set) var blueDifference: [UInt8] = []
    private(set) var redDifference: [UInt8] = []
    private(set) var red: [UInt8] = []
    private(set) var green: [UInt8] = []
    private(set) var blue: [UInt8] = []
    /// The colour of things that glow in front.
    let glow: Colour

    /// The prompt alone chooses the hues, so that takes of one prompt look alike; `chance` varies them a little.
    init(prompt: String, chance: inout Chance) {
        var character = Chance(Chance.start(words: prompt, seed: 0))
        let hue = character.pick(0...1535) + chance.pickSigned(0...90)
        let spread = character.pickSigned(120...420)
        let bands = [0, 0, 5, 9][character.pick(0...3)]
        let turns = character.pick(1...2)
        var stops: [Colour] = []
        for index in 0..<5 {
            let value = [30, 110, 190, 245, 140][index] + chance.pickSigned(0...12)
            let saturation = [200, 215, 170, 90, 190][index] + character.pickSigned(0...40)
            stops.append(
                Colour(
                    hue: hue + spread * index / 2, saturation: min(255, max(0, saturation)),
                    value: min(255, max(8, value))))
        }
        glow = Colour(hue: hue + 768, saturation: character.pick(40...160), value: 255)
        for index in 0..<Self.count {
            append(Self.colour(at: index * turns, of: stops, bands: bands))
        }
    }

    private mutating func append(_ colour: Colour) {
        luma.append(colour.luma)
        blueDifference.append(colour.blueDifference)
        redDifference.append(colour.redDifference)
        red.append(UInt8(clamping: colour.red))
        green.append(UInt8(clamping: colour.green))
        blue.append(UInt8(clamping: colour.blue))
    }

    /// The stops form a ring. With bands, colours come in steps with a soft edge, like contour lines on a map.
    private static func colour(at height: Int, of stops: [Colour], bands: Int) -> Colour {
        var place = (height * 256 * stops.count / count) % (256 * stops.count)
        if bands > 0 {
            let width = 256 * stops.count / bands
            let (band, inside) = (place / width, place % width)
            let edge = width / 10
            place = band * width + (inside > width - edge ? (inside - width + edge) * width / edge : 0)
        }
        let (stop, weight) = (place / 256 % stops.count, place % 256)
        let smooth = weight * weight * (768 - 2 * weight) >> 16
        return Colour(mixing: stops[stop], stops[(stop + 1) % stops.count], weight: smooth)
    }
}
