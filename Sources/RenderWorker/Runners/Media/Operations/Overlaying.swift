import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// What a film shows for good: its shot, its take, a line of text, its timecode, a watermark.
    func overlay(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        var change = try pictureChange()
        let size = parameters["size"]?.doubleValue ?? 0.04
        let opacity = parameters["opacity"]?.doubleValue ?? 1
        var lines: [BurnIn.Line] = []
        func add(_ name: String, _ place: BurnIn.Place, _ opacity: Double, _ size: Double) {
            guard !text(name).isEmpty else { return }
            lines.append(BurnIn.Line(text: text(name), place: place, opacity: opacity, size: size))
        }
        add("shot", .topLeft, opacity, size)
        add("take", .topRight, opacity, size)
        add("text", try choice("textPlace") ?? .bottomLeft, opacity, size)
        if text("timecode") != "none" {
            lines.append(
                BurnIn.Line(
                    text: "", place: try choice("timecodePlace") ?? .bottomRight, opacity: opacity, size: size,
                    hasTimecode: true))
        }
        add(
            "watermark", try choice("watermarkPlace") ?? .centre, parameters["watermarkOpacity"]?.doubleValue ?? 0.25,
            2.5 * size)
        let isOwn = ["file", "none", ""].contains(text("timecode"))
        change.burnIn = BurnIn(lines: lines, timecode: isOwn ? nil : text("timecode"), picture: try burntPicture())
        // What is drawn is made for a display of standard range.
        let outcome = try Transcode(
            input: source(), target: target(), change: change, keepsDepth: !["8", "10"].contains(text("bitDepth")),
            toneMaps: true, copies: true
        ).render(to: output, progress: report)
        return outcome.document
    }

    /// The watermark that is a picture; `nil` where none is given.
    private func burntPicture() throws -> BurnIn.Picture? {
        guard let path = inputs["picture"]?.first else { return nil }
        return BurnIn.Picture(
            path: path, place: try choice("picturePlace") ?? .topRight,
            size: parameters["pictureSize"]?.doubleValue ?? 0.15,
            margin: parameters["pictureMargin"]?.doubleValue ?? 0.02,
            opacity: parameters["pictureOpacity"]?.doubleValue ?? 1)
    }
}
