public import QueueProtocol

/// How a long film is cut into chunks, which are encoded by themselves and joined without encoding them again.
///
/// Chunks begin where the film could be entered anyhow, at multiples of its group of pictures, and are as equal as whole
/// groups allow. Nothing is cut where that does not pay: where one machine does all the work, whose encoder uses all of its
/// cores already, where the film is short, or where the codec or kind of file cannot be joined.
public enum ChunkPlan {
    /// What was asked for.
    public enum Mode: Sendable, Hashable {
        /// Cut where it pays.
        case auto
        /// One job.
        case never
        /// So many chunks, 2 to ``ChunkPlan/mostChunks``, or as many as there are groups.
        case chunks(Int)

        /// Reads `"auto"`, `"never"` or `{"chunks": n}`.
        ///
        /// - Parameters:
        ///   - value: What was sent; nil is `auto`.
        ///   - pointer: Where it stands, for the finding.
        /// - Throws: `StudioError` with code `invalid` for anything else.
        public init(_ value: JSONValue?, pointer: String) throws(StudioError) {
            switch value {
            case nil, .null, "auto": self = .auto
            case "never": self = .never
            case .object(let members)? where members.count == 1:
                guard let count = members["chunks"]?.intValue, (2...ChunkPlan.mostChunks).contains(count) else {
                    let detail = "chunks must be a whole number from 2 to \(ChunkPlan.mostChunks)"
                    throw .invalid([Finding(pointer: pointer + "/chunks", code: "range", detail: detail)])
                }
                self = .chunks(count)
            default:
                let detail = #"must be auto, never, or {"chunks": n}"#
                throw .invalid([Finding(pointer: pointer, code: "enum", detail: detail)])
            }
        }
    }

    /// A film that may be cut.
    public struct Film: Sendable, Hashable {
        /// Its length.
        public var frameCount: Int
        /// Frames a second.
        public var rate: EditRate
        /// How it is encoded.
        public var coding: ChunkedCoding

        /// A film.
        ///
        /// - Parameters:
        ///   - frameCount: Its length, in frames.
        ///   - rate: Frames a second.
        ///   - coding: How it is encoded.
        public init(frameCount: Int, rate: EditRate, coding: ChunkedCoding) {
            self.frameCount = frameCount
            self.rate = rate
            self.coding = coding
        }
    }

    /// As many chunks as a film may have.
    public static let mostChunks = 100
    /// How long a chunk is at least where nobody said how many there are, in seconds: less, and starting and joining would
    /// cost more than they save.
    public static let shortestSeconds = 20
    /// Chunks for each machine where nobody said how many there are: one that is slower, or lost, then holds up the rest by
    /// half of its share.
    public static let chunksPerHost = 2

    /// Cuts a film.
    ///
    /// - Parameters:
    ///   - film: The film.
    ///   - hosts: How many machines would work on it.
    ///   - mode: What was asked for.
    ///   - shortest: How many frames a chunk has at least where nobody said how many there are; nil is
    ///     ``shortestSeconds``.
    /// - Returns: The chunks in order: two or more that cover the film, each beginning at a multiple of its group; none
    ///   where it is to be made in one piece.
    public static func ranges(of film: Film, hosts: Int, mode: Mode, shortest: Int? = nil) -> [Range<Int>] {
        let group = max(1, film.coding.group)
        let groups = (max(0, film.frameCount) + group - 1) / group
        let count: Int
        switch mode {
        case .never: return []
        case .chunks(let asked): count = min(asked, groups, mostChunks)
        case .auto:
            guard hosts > 1, film.coding.isEven else { return [] }
            let frames =
                shortest ?? (shortestSeconds * film.rate.numerator + film.rate.denominator - 1) / film.rate.denominator
            // In whole groups, of which the last chunk's last one may be short of frames.
            let least = (max(1, frames) + group - 1) / group
            count = min(hosts * chunksPerHost, film.frameCount / (least * group), mostChunks)
        }
        guard count > 1 else { return [] }
        return (0..<count).map { index in
            let first = groups * index / count * group
            let end = index + 1 == count ? film.frameCount : groups * (index + 1) / count * group
            return first..<end
        }
    }
}

/// How the pictures of a film that may be cut are encoded.
public struct ChunkedCoding: Sendable, Hashable {
    /// The frames after which it has a key frame at the latest; 1 where every frame stands by itself.
    public var group: Int
    /// Whether every part is encoded to the same quality whatever the other parts are. A bit rate is shared out by what the
    /// encoder has seen of the film, so that a part of it alone gets more or less.
    public var isEven: Bool

    /// A coding.
    ///
    /// - Parameters:
    ///   - group: The frames after which it has a key frame at the latest.
    ///   - isEven: Whether every part is encoded to the same quality whatever the other parts are.
    public init(group: Int, isEven: Bool) {
        self.group = group
        self.isEven = isEven
    }

    /// The coding that parameters of media functions mean; nil where the file has no pictures that could be joined.
    ///
    /// - Parameters:
    ///   - parameters: `container`, `videoCodec`, `videoBitRate` and `keyFrameSeconds`, as the functions take them.
    ///   - rate: The film's rate.
    public init?(parameters: [String: JSONValue], rate: EditRate) {
        let container = parameters["container"]?.stringValue ?? "mp4"
        guard let usual = ["mp4": "h264", "mkv": "h264", "mov": "prores", "webm": "vp9"][container] else { return nil }
        var codec = parameters["videoCodec"]?.stringValue ?? usual
        if codec == "auto" { codec = usual }
        switch codec {
        case "prores", "dnxhr": self.init(group: 1, isEven: true)
        case "h264", "hevc", "vp9", "av1":
            let seconds = min(60, max(0.04, parameters["keyFrameSeconds"]?.doubleValue ?? 2))
            let frames = (Double(rate.numerator) / Double(rate.denominator) * seconds).rounded()
            let isRate = parameters["videoBitRate"].map { !$0.isNull } ?? false
            self.init(group: Int(min(600, max(12, frames))), isEven: !isRate)
        default: return nil
        }
    }

    /// The kind of file for the sound of a film until it is joined.
    ///
    /// Matroska does not keep how far before zero AAC begins; ISO media does.
    ///
    /// - Parameters:
    ///   - container: The film's kind of file.
    ///   - codec: The sound's codec; nil for the one that is usual there.
    /// - Returns: The kind of file, as functions call it.
    public static func soundContainer(of container: String, codec: String?) -> String {
        container == "mkv" && codec == "aac" ? "mp4" : container
    }
}
