import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A video or sound in another form. Tells what became of each stream.
    func transcode(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let outcome = try Transcode(
            input: source(), target: target(), change: pictureChange(),
            keepsDepth: !["8", "10"].contains(text("bitDepth")), keepsAlpha: text("alpha") != "drop",
            toneMaps: text("highDynamicRange") == "tone-map", copies: text("copy") == "auto"
        ).render(to: output, progress: report)
        return outcome.document
    }

    /// Films one after the other. Tells whether they were encoded or copied.
    func concat(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let outcome = try Concat(
            inputs: inputs["clips"] ?? [], target: target(), change: pictureChange(), copies: text("copy") != "never"
        ).render(to: output, progress: report)
        return outcome.document
    }

    /// Pictures and sound of several files in one. Tells what became of each stream.
    func mux(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        guard let video = inputs["video"]?.first else { throw MediaError(.parametersInvalid, "There are no pictures.") }
        let languages = text("languages").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let outcome = try Mux(
            video: video, audio: inputs["audio"] ?? [], languages: languages.map { String($0) },
            container: choice("container") ?? .mp4
        ).render(to: output, progress: report)
        return outcome.document
    }
}

extension TranscodeOutcome {
    /// What became of each stream, as the take's provenance tells it.
    var document: JSONValue {
        [
            "video": video.map { .string($0.rawValue) } ?? .null, "audio": .array(audio.map { .string($0.rawValue) }),
            "frames": .integer(Int64(frames)),
        ]
    }
}
