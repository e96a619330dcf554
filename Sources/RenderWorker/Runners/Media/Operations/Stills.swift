import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A video of a sequence of pictures.
    func assemble(_ report: @escaping MediaProgressReport) throws {
        try Assembly(frames: inputs["frames"] ?? [], frameRate: try frameRate(), quality: quality)
            .render(to: output, progress: report)
    }

    /// A small picture of a video or a picture.
    func thumbnail(_ report: @escaping MediaProgressReport) throws {
        try Thumbnail(
            input: source(), maxWidth: whole("width") ?? 320, maxHeight: 4096,
            second: parameters["atSeconds"]?.doubleValue, quality: quality
        ).render(to: output, progress: report)
    }
}
