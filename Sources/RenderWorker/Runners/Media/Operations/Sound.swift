import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// The shape of a soundtrack, as a picture and as peaks.
    func waveform(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        var waveform = try Waveform(
            input: source(), foreground: parameters["colour"]?.stringValue ?? "#2f6fde",
            background: parameters["background"]?.stringValue ?? "#00000000")
        waveform.width = try whole("width") ?? waveform.width
        waveform.height = try whole("height") ?? waveform.height
        waveform.channels = try choice("channels") ?? waveform.channels
        waveform.samplesPerPixel = try whole("samplesPerPixel") ?? waveform.samplesPerPixel
        waveform.bits = try whole("bits") ?? waveform.bits
        waveform.quality = quality
        return try self.report(waveform.render(to: output, peaks: companions["peaks"], progress: report))
    }

    /// Every soundtrack brought to a loudness; pictures are copied.
    func normalizeAudio(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let usual = NormalizeAudio.Target()
        let target = NormalizeAudio.Target(
            integrated: parameters["loudness"]?.doubleValue ?? usual.integrated,
            truePeak: parameters["truePeak"]?.doubleValue ?? usual.truePeak,
            range: parameters["loudnessRange"]?.doubleValue ?? usual.range)
        let container: ContainerKind = try choice("container") ?? .mp4
        let audio = AudioTarget(codec: container.usualAudio, quality: quality)
        let work = NormalizeAudio(input: try source(), target: target, container: container, audio: audio)
        return ["tracks": try self.report(work.render(to: output, progress: report))]
    }
}
