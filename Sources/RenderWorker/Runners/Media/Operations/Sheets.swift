import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// Stills of takes in rows and columns on one picture.
    func contactSheet(_ report: @escaping MediaProgressReport) throws {
        try ContactSheet(
            inputs: inputs["sources"] ?? [], columns: whole("columns") ?? 4, rows: whole("rows") ?? 4,
            tileWidth: whole("tileWidth") ?? 320, hasLabels: parameters["labels"]?.boolValue ?? true,
            format: choice("format") ?? .jpg, quality: quality
        ).render(to: output, progress: report)
    }

    /// Stills for scrubbing on one picture, and the index that finds them there.
    ///
    /// A take's files are read at addresses that end in their ports' names, so that is what they call each other.
    func sprite(_ report: @escaping MediaProgressReport) throws {
        try SpriteSheet(
            input: source(), interval: parameters["interval"]?.doubleValue ?? 1, tileWidth: whole("tileWidth") ?? 160,
            maxStills: whole("maxStills") ?? 400, quality: quality, address: outputPort
        ).render(to: output, index: companion("index"), progress: report)
    }
}
