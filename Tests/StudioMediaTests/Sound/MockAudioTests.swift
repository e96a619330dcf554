import StudioMedia
import Testing

@Suite struct MockAudioTests {
    @Test(arguments: [ContainerKind.wav, .flac]) func theSameParametersGiveTheSameFile(kind: ContainerKind) throws {
        let scratch = try Scratch()
        func make(_ name: String, _ prompt: String, _ seed: UInt64) throws -> [UInt8] {
            try MockAudio(prompt: prompt, seed: seed, seconds: 0.5, sampleRate: 44_100, container: kind)
                .render(to: scratch.path(name))
            return try scratch.bytes(name)
        }
        let first = try make("a", "rain", 1)
        #expect(try make("b", "rain", 1) == first)
        #expect(try make("c", "rain", 2) != first)
        #expect(try make("d", "sun", 1) != first)
    }

    @Test(arguments: [(8000, 1, ContainerKind.wav), (44_100, 2, .flac), (48_000, 6, .wav), (96_000, 8, .flac)])
    func anIndependentReaderFindsWhatWasAskedFor(rate: Int, channels: Int, kind: ContainerKind) throws {
        let scratch = try Scratch()
        var reports: [MediaProgress] = []
        try MockAudio(prompt: "rain", seed: 1, seconds: 1.25, sampleRate: rate, channels: channels, container: kind)
            .render(to: scratch.path("a")) { reports.append($0) }
        let judged = try Tool.ffprobe(scratch.path("a"))
        #expect(judged.format.format_name == kind.rawValue)
        #expect(judged.audio?.sample_rate == String(rate) && judged.audio?.channels == channels)
        let samples = try Tool.samples(scratch.path("a"), rate: rate, channels: channels)
        #expect(samples.count == Int(1.25 * Double(rate)) * channels)
        let highest = samples.map(abs).max() ?? 0
        #expect(highest > 0.1 && highest <= 0.2501)
        #expect(reports.last?.stage == .done && reports.last?.framesDone == reports.last?.framesTotal)
    }

    @Test func beepsBeginWithTheirSecond() throws {
        let scratch = try Scratch()
        try MockAudio(prompt: "x", seed: 0, seconds: 3, channels: 1, kind: .beeps).render(to: scratch.path("a.wav"))
        let samples = try Tool.samples(scratch.path("a.wav"))
        for second in 0..<3 {
            #expect(samples[second * 48_000] > 0.24, "full level from the first sample")
            #expect(abs(samples[second * 48_000 + 12]) < 0.001, "a quarter of a turn of 1 kHz later")
            #expect(samples[second * 48_000 + 4800..<(second + 1) * 48_000].allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: [
        MockAudio(prompt: "", seed: 0, seconds: 0), MockAudio(prompt: "", seed: 0, seconds: .nan),
        MockAudio(prompt: "", seed: 0, sampleRate: 7999), MockAudio(prompt: "", seed: 0, channels: 9),
        MockAudio(prompt: "", seed: 0, container: .mp4),
    ])
    func whatCannotBeIsRefused(sound: MockAudio) throws {
        let scratch = try Scratch()
        let error = #expect(throws: MediaError.self) { try sound.render(to: scratch.path("a")) }
        #expect(error?.code == .parametersInvalid)
        #expect(try scratch.names.isEmpty)
    }
}
