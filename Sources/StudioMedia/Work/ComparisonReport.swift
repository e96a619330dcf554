import QueueProtocol

/// What a comparison found out. Coded as JSON with these names as they stand.
public struct ComparisonReport: Sendable, Equatable, Codable {
    /// The numbers of one pair of frames.
    public struct FrameNumbers: Sendable, Equatable, Codable {
        /// The peak signal-to-noise ratio over all channels, in dB; `nil` where the frames are the same.
        public var psnr: Double?
        /// The structural similarity over all channels, at most 1 for frames that are the same.
        public var ssim: Double
    }

    /// The reference's file name.
    public var reference: String
    /// The candidate's file name.
    public var candidate: String
    /// The frames of the reference.
    public var referenceFrames = 0
    /// The frames of the candidate.
    public var candidateFrames = 0
    /// Of the mean squared error over all pairs, in dB; `nil` where all frames are the same.
    public var psnr: Double?
    /// The mean over all pairs.
    public var ssim = 0.0
    /// The number of the pair with the lowest PSNR, from 0; `nil` where all frames are the same.
    public var worstFrame: Int?
    /// The numbers of each pair, in order.
    public var frames: [FrameNumbers] = []

    private var error = 0.0
    private var worstError = 0.0

    private enum CodingKeys: String, CodingKey {
        case reference, candidate, referenceFrames, candidateFrames, psnr, ssim, worstFrame, frames
    }

    init(reference: String, candidate: String) {
        self.reference = reference
        self.candidate = candidate
    }

    /// Whether no pair before the last one differs as much.
    var isWorstTheLast: Bool { worstFrame.map { $0 == frames.count - 1 } ?? (frames.count == 1) }

    mutating func add(_ pair: FramePairs.Answer, depth: Int) {
        let peak = Double(1 << depth - 1)
        func ratio(_ error: Double) -> Double? {
            error > 0 ? (100 * Logarithm.decibels(peak * peak / error)).rounded() / 100 : nil
        }
        let count = Double(frames.count)
        frames.append(
            FrameNumbers(psnr: ratio(pair.meanSquaredError), ssim: (pair.similarity * 1e6).rounded() / 1e6))
        error = (error * count + pair.meanSquaredError) / (count + 1)
        ssim = (ssim * count + pair.similarity) / (count + 1)
        psnr = ratio(error)
        if pair.meanSquaredError > worstError {
            worstError = pair.meanSquaredError
            worstFrame = frames.count - 1
        }
    }
}

extension ComparisonReport {
    /// Writes the result as JSON.
    /// - Parameter path: The output. A file there is replaced; on failure nothing is left.
    /// - Throws: `MediaError` with `outputFailed` or `storageFull`.
    public func write(to path: String) throws {
        guard let data = try? JSONText.compact(self) else {
            throw MediaError(.outputFailed, "The numbers of the comparison cannot be written.")
        }
        let output = try OutputFile(path: path)
        try output.write([UInt8](data))
        output.keep()
    }
}
