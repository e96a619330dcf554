import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// Edges, or a stand-in for depth, of a picture or a video.
    func controlMap(_ report: @escaping MediaProgressReport) throws {
        try ControlMap(
            input: source(), kind: choice("kind") ?? .edges, low: parameters["low"]?.doubleValue ?? 0.08,
            high: parameters["high"]?.doubleValue ?? 0.2, isInverted: parameters["invert"]?.boolValue ?? false,
            isPicture: text("format") == "png", quality: quality
        ).render(to: output, progress: report)
    }

    /// The difference of two takes, and the numbers of every frame as JSON beside it.
    /// - Returns: The numbers in all.
    func compare(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        guard let reference = inputs["reference"]?.first, let candidate = inputs["candidate"]?.first else {
            throw MediaError(.parametersInvalid, "There are not two inputs to compare.")
        }
        let metrics = try companion("metrics")
        let result = try Comparison(
            reference: reference, candidate: candidate, gain: whole("gain") ?? 4, isPicture: text("format") == "png",
            quality: quality
        ).render(to: output, progress: report)
        try result.write(to: metrics)
        var summary: [String: JSONValue] = [
            "ssim": .number(result.ssim), "referenceFrames": .integer(Int64(result.referenceFrames)),
            "candidateFrames": .integer(Int64(result.candidateFrames)),
        ]
        if let psnr = result.psnr { summary["psnr"] = .number(psnr) }
        if let worst = result.worstFrame { summary["worstFrame"] = .integer(Int64(worst)) }
        return .object(summary)
    }
}
