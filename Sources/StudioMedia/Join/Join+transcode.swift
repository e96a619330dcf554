import CMedia
import StudioCore

extension Join {
    /// Describes the joining of a transcode that was made in parts: of which film they are they tell themselves.
    /// - Parameters:
    ///   - chunks: The parts' files, in order.
    ///   - sound: The file with the sound; nil for none.
    ///   - container: The kind of file to write.
    ///   - source: The film that was transcoded, whose words are carried.
    ///   - rate: The rate that it was brought to; nil for its own.
    ///   - limits: The largest input to accept.
    /// - Throws: `MediaError` where the first part or the source cannot be read, or are none.
    public init(
        chunks: [String], sound: String?, container: ContainerKind, transcodeOf source: String, rate: FrameRate?,
        limits: MediaLimits = MediaLimits()
    ) throws {
        guard let opening = chunks.first else { throw MediaError(.parametersInvalid, "There is no chunk to join.") }
        let part = try JoinedChunk(path: opening, limits: limits).part
        let demuxer = try Demuxer(path: source, limits: limits)
        guard let kept = rate ?? demuxer.mainVideo.flatMap(demuxer.steadyRate(of:)),
            let exact = EditRate(kept.numerator, kept.denominator)
        else {
            throw MediaError(
                .unsupported, "The frames of \(demuxer.name) do not all have the same duration: it has no parts.")
        }
        self.init(
            chunks: chunks, sound: sound, container: container, rate: exact, frameCount: part.total, original: source,
            limits: limits)
    }
}
