/// The samples of mock sound, in order. Whole numbers and plain arithmetic only: no libm, the same on every machine.
struct MockSound {
    /// Notes a second.
    private static let tempo = 4
    /// The highest sample: a quarter of full scale, −12 dBFS.
    private static let level = 8192.0
    /// Just ratios over the root: major pentatonic, minor pentatonic, and a fourth apart.
    private static let scales: [[Double]] = [
        [1, 9.0 / 8, 5.0 / 4, 3.0 / 2, 5.0 / 3, 2], [1, 6.0 / 5, 4.0 / 3, 3.0 / 2, 9.0 / 5, 2],
        [1, 10.0 / 9, 4.0 / 3, 3.0 / 2, 16.0 / 9, 2],
    ]

    private let kind: MockAudio.Kind
    private let rate: Int
    private let channels: Int
    private let scale: [Double]
    private let root: Double
    private var chance: Chance
    private var pitch = 0.0
    /// Where the wave is, in turns.
    private var phase = 0.0
    private var position = 0

    init(_ sound: MockAudio) {
        kind = sound.kind
        rate = sound.sampleRate
        channels = sound.channels
        chance = Chance(Chance.start(words: sound.prompt, seed: sound.seed))
        scale = Self.scales[chance.pick(0...Self.scales.count - 1)]
        root = Double(chance.pick(110...330))
    }

    /// Writes the next samples.
    mutating func fill(_ samples: UnsafeMutablePointer<Int16>, _ count: Int) {
        for index in 0..<count {
            let value = next()
            for channel in 0..<channels {
                let share = kind == .beeps ? 1 : 1 - 0.1 * Double(channel)
                samples[index * channels + channel] = Int16((value * share * Self.level).rounded())
            }
        }
    }

    private mutating func next() -> Double {
        defer { position += 1 }
        switch kind {
        case .beeps:
            let inSecond = position % rate
            // The phase begins anew with each beep: a beep's first sample is where its second begins.
            return inSecond < rate / 10 ? Self.cosine(Double(inSecond) * 1000 / Double(rate)) : 0
        case .tones:
            let noteLength = rate / Self.tempo
            let inNote = position % noteLength
            if inNote == 0 {
                pitch = root * scale[chance.pick(0...scale.count - 1)]
                phase = 0.75
            }
            defer { phase += pitch / Double(rate) }
            // Up within a hundredth of the note, down to a tenth at its end: no clicks.
            let fade = min(1, Double(min(inNote, noteLength - inNote)) * 100 / Double(noteLength))
            let ring = 1 - 0.9 * Double(inNote) / Double(noteLength)
            return fade * ring * (0.8 * Self.cosine(phase) + 0.2 * Self.cosine(2 * phase))
        }
    }

    /// The cosine of an angle in turns, to 1e-6, by its Taylor series around the nearer of 0 and half a turn.
    static func cosine(_ turns: Double) -> Double {
        let turn = turns - turns.rounded(.down)
        let folded = turn > 0.5 ? 1 - turn : turn
        let isFar = folded > 0.25
        let angle = (isFar ? 0.5 - folded : folded) * 2 * Double.pi
        let square = angle * angle
        var (term, sum) = (1.0, 1.0)
        for step in stride(from: 1.0, through: 9, by: 2) {
            term *= -square / (step * (step + 1))
            sum += term
        }
        return isFar ? -sum : sum
    }
}
