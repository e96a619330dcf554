import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// Does the work. Blocks; runs in the child only.
    ///
    /// - Parameter report: Gets progress; what it throws stops the work.
    /// - Returns: What the work found out; null for most.
    /// - Throws: `MediaError`, or what `report` threw.
    func perform(report: @escaping MediaProgressReport) throws -> JSONValue {
        switch operation {
        case .mockImage: try mockImage(report)
        case .mockVideo: try mockVideo(report)
        case .mockAudio: try mockAudio(report)
        case .assemble: return try assemble(report)
        case .concat: return try concat(report)
        case .mux: return try mux(report)
        case .proxy: try proxy(report)
        case .transcode: return try transcode(report)
        case .conform: return try conform(report)
        case .join: return try join(report)
        case .trim: return try trim(report)
        case .thumbnail: try thumbnail(report)
        case .waveform: return try waveform(report)
        case .normalizeAudio: return try normalizeAudio(report)
        case .disassemble: try disassemble(report)
        case .contactSheet: try contactSheet(report)
        case .sprite: try sprite(report)
        case .compare: return try compare(report)
        case .controlMap: try controlMap(report)
        case .overlay: return try overlay(report)
        case .hls: return try hls(report)
        case .probe: try probe(report)
        case .probeSequence: try probeSequence(report)
        case .inspect: return try inspect()
        }
        return .null
    }
}
