/// What is done to one soundtrack to bring it to a loudness, and what was learned from the times before.
struct SoundTreatment {
    private(set) var method: NormalizeAudio.Method
    private(set) var isToBeRepeated = false
    private let measured: Loudness
    private let target: NormalizeAudio.Target
    /// What the last result was too quiet by, in LU.
    private var correction = 0.0
    /// What the codec added to the peaks, in dB.
    private var headroom = 0.0

    init(of measured: Loudness, to target: NormalizeAudio.Target) {
        self.measured = measured
        self.target = target
        method = .none
        if measured.isAudible { method = fitsWithGain ? .gain : .dynamic }
    }

    /// Peaks and range stay within bounds by one gain alone.
    private var fitsWithGain: Bool {
        measured.truePeak + gain <= target.truePeak - headroom && measured.range <= target.range
    }

    private var gain: Double { target.integrated - measured.integrated + correction }

    /// The filters that do it. `loudnorm` may give 192 kHz: whoever follows brings the rate down.
    var filters: [String] {
        switch method {
        case .none: []
        case .gain: ["volume=\(told(gain))dB:precision=float"]
        case .dynamic:
            // What is below `measured_thresh` is not made louder. Range is gated 20 LU below the loudness (EBU Tech 3342), so
            // that this gate leaves quiet passages where they are only where they do not count.
            [
                "loudnorm=linear=false:I=\(told(target.integrated)):TP=\(told(max(-9, target.truePeak - headroom)))"
                    + ":LRA=\(told(target.range)):measured_I=\(told(measured.integrated))"
                    + ":measured_TP=\(told(measured.truePeak)):measured_LRA=\(told(measured.range))"
                    + ":measured_thresh=\(told(measured.integrated - 20)):offset=\(told(correction))"
            ]
        }
    }

    /// Takes in what the result measures.
    mutating func learn(from result: Loudness) {
        guard method != .none else { return }
        let missing = target.integrated - result.integrated
        let excess = result.truePeak - target.truePeak
        isToBeRepeated = abs(missing) > NormalizeAudio.tolerance || excess > 0.1
        guard isToBeRepeated else { return }
        correction += missing
        if excess > 0 { headroom += excess + 0.1 }
        method = fitsWithGain ? .gain : .dynamic
    }

    /// A number as filters read it: never with an exponent.
    private func told(_ value: Double) -> String {
        let hundredths = Int((max(-99, min(99, value)) * 100).rounded())
        let digits = String(abs(hundredths) % 100)
        return "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(digits.count < 2 ? "0" : "")\(digits)"
    }
}
