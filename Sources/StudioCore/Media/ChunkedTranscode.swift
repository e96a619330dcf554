public import QueueProtocol

/// A transcode that may be cut into chunks: what it makes of a source of which the probe is known.
///
/// Only sources whose pictures all have the same duration, from the file's beginning on, tell which pictures a frame of the
/// film shows, and how many frames there are. All that speaks against it is told before anything is rendered.
public struct ChunkedTranscode: Sendable, Hashable {
    /// The film that is made.
    public var film: ChunkPlan.Film
    /// The film's kind of file.
    public var container: String
    /// Its sound's codec; nil for what is usual there.
    public var audioCodec: String?
    /// Whether the film has sound.
    public var hasSound: Bool
    /// Whether the source is one that can be entered in the middle, and whose packets are its pictures: others are cut where
    /// that is asked for, and not by the studio itself.
    public var isFamiliar: Bool

    /// Why a transcode cannot be cut.
    public struct Refusal: Error, Hashable {
        /// In words, after "cannot be made in chunks: ".
        public var reason: String
    }

    private static let familiarContainers = ["mov,mp4", "matroska"]
    private static let familiarCodecs: Set<String> = ["h264", "hevc", "prores", "dnxhd", "vp9", "av1", "mjpeg", "png"]
    /// As many frames as a part of a film can tell of.
    private static let mostFrames = 9_999_999

    /// A transcode.
    ///
    /// - Parameters:
    ///   - parameters: The parameters of the function `transcode`, with its defaults.
    ///   - probe: What is known of the source; nil or null for nothing.
    ///   - name: What the reason calls the source.
    /// - Throws: ``Refusal`` where it cannot be cut.
    public init(parameters: [String: JSONValue], probe: JSONValue?, name: String) throws(Refusal) {
        func refuse(_ reason: String) -> Refusal { Refusal(reason: reason) }
        guard let probe, let streams = probe["streams"]?.arrayValue else {
            throw refuse("nobody has looked into \(name) yet")
        }
        let pictures = streams.filter { $0["kind"] == "video" && $0["isCover"] != true }
        guard let video = pictures.first else { throw refuse("\(name) has no moving pictures") }
        guard pictures.count == 1 else { throw refuse("\(name) has more than one stream of pictures") }
        guard let rate = video["steadyFrameRate"]?.stringValue.flatMap(EditRate.init(parsing:)) else {
            throw refuse("the frames of \(name) do not all have the same duration")
        }
        guard let count = video["frameCount"]?.intValue, count > 0 else {
            throw refuse("nobody has counted the frames of \(name)")
        }
        // Headers of files are in thousandths of a second at the coarsest.
        let late = (video["startSeconds"]?.doubleValue ?? 0) - (probe["startSeconds"]?.doubleValue ?? 0)
        guard abs(late) < 0.001 else { throw refuse("the pictures of \(name) begin later than its sound") }
        guard ["progressive", nil].contains(video["fieldOrder"]?.stringValue) else {
            throw refuse("the pictures of \(name) are made of fields, which takes those beside each")
        }
        guard parameters["copy"] != "auto" else { throw refuse("what is copied is not made anew") }
        var film = rate
        if let asked = parameters["frameRate"], !asked.isNull {
            guard let text = asked.stringValue, let wanted = EditRate(parsing: text) else {
                throw refuse("the frame rate is none")
            }
            film = wanted
        }
        guard let coding = ChunkedCoding(parameters: parameters, rate: film) else {
            throw refuse("a file of this kind has no pictures that could be joined")
        }
        let frames = max(1, EditTime(count, at: rate).rescaled(to: film).frames)
        guard frames <= Self.mostFrames else { throw refuse("it has too many frames") }
        self.film = ChunkPlan.Film(frameCount: frames, rate: film, coding: coding)
        container = parameters["container"]?.stringValue ?? "mp4"
        audioCodec = parameters["audioCodec"]?.stringValue
        hasSound = audioCodec != "none" && streams.contains { $0["kind"] == "audio" }
        let format = probe["container"]?.stringValue ?? ""
        isFamiliar =
            Self.familiarContainers.contains { format.hasPrefix($0) }
            && Self.familiarCodecs.contains(video["codec"]?.stringValue ?? "")
    }
}
