import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A video or sound in another form, or some frames of one, or one of such parts. Tells what became of each stream.
    func transcode(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        if let chunks = inputs["chunks"], !chunks.isEmpty { return try joinTranscode(of: chunks, report) }
        var work = try Transcode(
            input: source(), target: target(), change: pictureChange(),
            keepsDepth: !["8", "10"].contains(text("bitDepth")), keepsAlpha: text("alpha") != "drop",
            toneMaps: text("highDynamicRange") == "tone-map", copies: text("copy") == "auto")
        work.part = try part()
        return try work.render(to: output, progress: report).document
    }

    /// The frames of the film that are asked for; `nil` for all.
    private func part() throws -> FilmPart? {
        let (first, count, total) = try (whole("firstFrame"), whole("frameCount"), whole("ofFrames"))
        guard first != nil || count != nil || total != nil else { return nil }
        guard let first, let count, let total, first >= 0, count > 0, count <= 1 << 32, first <= 1 << 32 else {
            throw MediaError(
                .parametersInvalid, "A part has a first frame, a number of frames, and those of the whole film.")
        }
        return FilmPart(first..<(first + count), of: total)
    }

    /// The film that its parts are.
    private func joinTranscode(of chunks: [String], _ report: @escaping MediaProgressReport) throws -> JSONValue {
        let join = try Join(
            chunks: chunks, sound: inputs["sound"]?.first, container: choice("container") ?? .mp4,
            transcodeOf: source(), rate: pictureChange().frameRate)
        try join.render(to: output, progress: report)
        let audio = try inputs["sound"]?.first.map { try MediaProbe.read(path: $0, depth: .header) }
        let tracks = audio?.streams.count { $0.kind == .audio } ?? 0
        let outcome = TranscodeOutcome(
            video: .encoded, audio: Array(repeating: .encoded, count: tracks), frames: join.frameCount)
        guard case .object(var told) = outcome.document else { return .null }
        told["chunks"] = .integer(Int64(chunks.count))
        return .object(told)
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
        func languages(_ name: String) -> [String] {
            text(name).split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
        }
        let outcome = try Mux(
            video: video, audio: inputs["audio"] ?? [], languages: languages("languages"),
            subtitles: inputs["subtitles"] ?? [], subtitleLanguages: languages("subtitleLanguages"),
            container: choice("container") ?? .mp4
        ).render(to: output, progress: report)
        return outcome.document
    }
}

extension TranscodeOutcome {
    /// What became of each stream, as the take's provenance tells it.
    var document: JSONValue {
        var told: [String: JSONValue] = [
            "video": video.map { .string($0.rawValue) } ?? .null, "audio": .array(audio.map { .string($0.rawValue) }),
            "frames": .integer(Int64(frames)),
        ]
        if subtitles > 0 { told["subtitles"] = .integer(Int64(subtitles)) }
        return .object(told)
    }
}
