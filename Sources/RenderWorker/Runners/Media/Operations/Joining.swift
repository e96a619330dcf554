import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// One film of chunks that were encoded by themselves, and of its sound.
    func join(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let container: ContainerKind = try choice("container") ?? .mp4
        let rate = try frameRate()
        guard let editRate = EditRate(rate.numerator, rate.denominator), let count = try whole("frameCount") else {
            throw MediaError(.parametersInvalid, "A film is joined at a frame rate, and to a number of frames.")
        }
        let timecode = text("startTimecode")
        let chunks = inputs["chunks"] ?? []
        try Join(
            chunks: chunks, sound: inputs["sound"]?.first, container: container, rate: editRate, frameCount: count,
            words: FilmWords(
                title: text("title"), startTimecode: timecode.isEmpty ? nil : timecode, chapters: try chapters())
        ).render(to: output, progress: report)
        return ["frames": .integer(Int64(count)), "chunks": .integer(Int64(chunks.count))]
    }

    private func chapters() throws -> [ConformPlan.Chapter] {
        try (parameters["chapters"]?.arrayValue ?? []).map { chapter in
            guard let title = chapter["title"]?.stringValue, let first = chapter["firstFrame"]?.intValue,
                let count = chapter["frameCount"]?.intValue, first >= 0, count > 0, count <= 1 << 32, first <= 1 << 32
            else {
                throw MediaError(.parametersInvalid, "A chapter has a title, a first frame and a number of frames.")
            }
            return ConformPlan.Chapter(title: title, frames: first..<(first + count))
        }
    }
}
