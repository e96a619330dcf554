public import QueueProtocol

/// A cut: which pieces of which takes and files follow each other, how they go over into one another, and what is heard.
///
/// The model is OpenTimelineIO's, cut down to what can be conformed: a stack of tracks, each a row of clips and gaps with
/// transitions between them. What it does not name is kept in `others` and survives reading and writing OTIO.
public struct Cut: Sendable, Hashable {
    /// The film's name.
    public var name: String
    /// Frames a second of the film.
    public var rate: EditRate
    /// The timecode of the first frame; nil for none.
    public var globalStart: EditTime?
    /// Whether timecode of this cut is written as drop-frame.
    public var isDropFrame: Bool
    /// The tracks; of pictures the later ones lie above the earlier ones.
    public var tracks: [Track]
    /// Notes on the film as a whole, its chapters among them.
    public var markers: [Marker]
    /// Members of the timeline and of its stack that the studio does not know, as OTIO writes them.
    public var others: JSONMembersKept

    /// A cut.
    ///
    /// - Parameters:
    ///   - name: The film's name.
    ///   - rate: Frames a second.
    ///   - tracks: The tracks; default none.
    ///   - globalStart: The timecode of the first frame; default none.
    ///   - isDropFrame: Whether timecode is written as drop-frame; default no.
    ///   - markers: Notes on the film; default none.
    public init(
        name: String, rate: EditRate, tracks: [Track] = [], globalStart: EditTime? = nil, isDropFrame: Bool = false,
        markers: [Marker] = []
    ) {
        self.name = name
        self.rate = rate
        self.tracks = tracks
        self.globalStart = globalStart
        self.isDropFrame = isDropFrame
        self.markers = markers
        others = JSONMembersKept()
    }

    /// Members of an OTIO object, and of the object within it, that the studio does not know.
    public struct JSONMembersKept: Sendable, Hashable {
        /// Members of the object itself, `metadata` among them.
        public var own: [String: JSONValue] = [:]
        /// Members of the object within: a timeline's stack, a clip's media reference.
        public var inner: [String: JSONValue] = [:]

        /// Nothing.
        public init() {}
    }

    /// A row of clips, gaps and transitions.
    public struct Track: Sendable, Hashable {
        /// What a track carries.
        public enum Kind: String, Sendable, Hashable {
            /// Pictures.
            case video = "Video"
            /// Sound.
            case audio = "Audio"
        }

        /// The track's name.
        public var name: String
        /// What it carries.
        public var kind: Kind
        /// Whether it is seen or heard.
        public var isEnabled: Bool
        /// The one channel of its sources that it takes, counted from 1, which is then heard in the same channel of the
        /// film; nil for all channels.
        public var channel: Int?
        /// What is on it, in order.
        public var items: [Item]
        /// Notes on the track.
        public var markers: [Marker]
        /// Members that the studio does not know.
        public var others: JSONMembersKept

        /// A track.
        ///
        /// - Parameters:
        ///   - kind: What it carries.
        ///   - items: What is on it, in order.
        ///   - name: Its name; default none.
        ///   - channel: The one channel that it takes; default all.
        public init(_ kind: Kind, _ items: [Item], name: String = "", channel: Int? = nil) {
            self.kind = kind
            self.items = items
            self.name = name
            self.channel = channel
            isEnabled = true
            markers = []
            others = JSONMembersKept()
        }
    }

    /// A piece of a track.
    public enum Item: Sendable, Hashable {
        /// A stretch of a source.
        case clip(Clip)
        /// Nothing, for a while: black, silence, or what lies below.
        case gap(Gap)
        /// How the item before goes over into the one after.
        case transition(Transition)
    }

    /// Where a clip's pictures and sound come from.
    public enum Source: Sendable, Hashable {
        /// A take's id (`take:…`), a path below the project's folder, or a URL as another program wrote it.
        case reference(String)
        /// Black or silence, made for the film.
        case black
        /// It is not said; the clip's name may be a take's.
        case missing
    }

    /// A stretch of a source.
    public struct Clip: Sendable, Hashable {
        /// The clip's name.
        public var name: String
        /// Where it comes from.
        public var source: Source
        /// The stretch that is used, in the source's own time; nil for all that is available.
        public var range: EditRange?
        /// What the source has, in its own time; nil where it is not said.
        public var available: EditRange?
        /// The tape's name in an EDL; nil where there is none.
        public var reel: String?
        /// Whether it is seen or heard; one that is not is a gap of its length.
        public var isEnabled: Bool
        /// Notes on the clip, in the source's time.
        public var markers: [Marker]
        /// Members that the studio does not know.
        public var others: JSONMembersKept

        /// A clip.
        ///
        /// - Parameters:
        ///   - name: Its name.
        ///   - source: Where it comes from.
        ///   - range: The stretch that is used, in the source's own time.
        ///   - available: What the source has; default not said.
        ///   - reel: The tape's name; default none.
        public init(
            name: String, source: Source, range: EditRange?, available: EditRange? = nil, reel: String? = nil
        ) {
            self.name = name
            self.source = source
            self.range = range
            self.available = available
            self.reel = reel
            isEnabled = true
            markers = []
            others = JSONMembersKept()
        }
    }
}
