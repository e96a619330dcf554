import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// A video of a sequence of pictures. Tells what the sequence is.
    func assemble(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let container: ContainerKind = try choice("container") ?? .mp4
        guard var video = try videoTarget(in: container) else {
            throw MediaError(.parametersInvalid, "\(container.title) has no place for pictures.")
        }
        if text("alpha") == "keep" { video.alpha = true }
        let outcome = try Assembly(
            frames: inputs["frames"] ?? [], start: whole("startNumber"), gaps: choice("missingFrames") ?? .reported,
            light: text("light") == "auto" ? nil : choice("light"), frameRate: frameRate(), container: container,
            target: video, keepsDepth: !["8", "10"].contains(text("bitDepth")), maxHeight: whole("height"),
            sound: inputs["sound"]?.first, audio: audioTarget(in: container)
        ).render(to: output, progress: report)
        return try self.report(outcome)
    }

    /// What a sequence of pictures is, as a document.
    func probeSequence(_ report: @escaping MediaProgressReport) throws {
        try SequenceProbe.read(frames: inputs["frames"] ?? [], progress: report).write(to: output)
    }

    /// Every frame of a video as a picture file, in a ZIP file.
    func disassemble(_ report: @escaping MediaProgressReport) throws {
        try Disassembly(
            input: source(), format: choice("format") ?? .png, start: whole("startNumber") ?? 1, quality: quality
        ).render(to: output, progress: report)
    }

    /// A small picture of a video or a picture.
    func thumbnail(_ report: @escaping MediaProgressReport) throws {
        try Thumbnail(
            input: source(), maxWidth: whole("width") ?? 320, maxHeight: 4096,
            second: parameters["atSeconds"]?.doubleValue, quality: quality
        ).render(to: output, progress: report)
    }
}
