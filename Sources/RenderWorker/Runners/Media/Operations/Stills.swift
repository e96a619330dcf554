import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// A video of a sequence of pictures.
    func assemble(_ report: @escaping MediaProgressReport) throws {
        try Assembly(
            frames: inputs["frames"] ?? [], start: whole("startNumber"), gaps: choice("missingFrames") ?? .reported,
            light: text("light") == "auto" ? nil : choice("light"), frameRate: frameRate(), quality: quality
        ).render(to: output, progress: report)
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
