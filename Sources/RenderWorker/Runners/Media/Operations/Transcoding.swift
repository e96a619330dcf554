import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A video or sound in another form. Tells what became of each stream.
    func transcode(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let outcome = try Transcode(
            input: source(), target: target(), change: pictureChange(),
            keepsDepth: !["8", "10"].contains(text("bitDepth")),
            keepsAlpha: text("alpha") != "drop", toneMaps: text("highDynamicRange") == "tone-map",
            copies: text("copy") == "auto"
        ).render(to: output, progress: report)
        return [
            "video": outcome.video.map { .string($0.rawValue) } ?? .null,
            "audio": .array(outcome.audio.map { .string($0.rawValue) }), "frames": .integer(Int64(outcome.frames)),
        ]
    }
}
