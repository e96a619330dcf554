import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A picture painted from the prompt.
    func mockImage(_ report: @escaping MediaProgressReport) throws {
        let size = (try whole("width") ?? 1280, try whole("height") ?? 720)
        try MockImage(prompt: text("prompt"), seed: seed, width: size.0, height: size.1, quality: quality)
            .render(to: output, progress: report)
    }

    /// Moving pictures painted from the prompt.
    func mockVideo(_ report: @escaping MediaProgressReport) throws {
        let rate = try frameRate()
        let size = (try whole("width") ?? 1280, try whole("height") ?? 720)
        let seconds = parameters["seconds"]?.doubleValue ?? 2
        try MockVideo(
            prompt: text("prompt"), seed: seed, width: size.0, height: size.1, frameRate: rate,
            frames: rate.frames(inSeconds: seconds), step: try whole("frameStep") ?? 1, quality: quality
        ).render(to: output, progress: report)
    }

    /// Sound made from the prompt.
    func mockAudio(_ report: @escaping MediaProgressReport) throws {
        try MockAudio(
            prompt: text("prompt"), seed: seed, seconds: parameters["seconds"]?.doubleValue ?? 2,
            sampleRate: whole("sampleRate") ?? 48_000, channels: whole("channels") ?? 2,
            kind: choice("kind") ?? .tones, container: choice("container") ?? .wav
        ).render(to: output, progress: report)
    }
}
