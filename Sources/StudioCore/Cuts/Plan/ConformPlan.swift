/// What is rendered for a cut, frame by frame and sample by sample: made and checked before anything is decoded.
///
/// Positions are counted from the film's beginning in its own frames and samples, each computed from exact fractions and
/// none by adding up rounded ones, so that nothing drifts however long the film is.
public struct ConformPlan: Sendable, Hashable {
    /// What the film is made in.
    public struct Settings: Sendable, Hashable {
        /// Frames a second.
        public var rate: EditRate
        /// Samples a second of the sound.
        public var sampleRate: Int
        /// Whether gaps are refused; else they are black and silent, and noted.
        public var refusesGaps: Bool

        /// Settings.
        ///
        /// - Parameters:
        ///   - rate: Frames a second.
        ///   - sampleRate: Samples a second of the sound, 1 to 1,000,000; default 48,000.
        ///   - refusesGaps: Whether gaps are refused; default no.
        public init(rate: EditRate, sampleRate: Int = 48_000, refusesGaps: Bool = false) {
            self.rate = rate
            self.sampleRate = sampleRate
            self.refusesGaps = refusesGaps
        }
    }

    /// A source as it is shown: which moment of it at which frame of the film.
    public struct Layer: Sendable, Hashable {
        /// The source, by its position in ``ConformPlan/sources``.
        public var source: Int
        /// The moment of the source, from its first frame, that is shown at the film's frame `frame`.
        public var moment: ExactSeconds
        /// The film's frame.
        public var frame: Int

        /// The moment of the source that is shown at a frame of the film.
        ///
        /// - Parameters:
        ///   - other: The film's frame.
        ///   - rate: The film's rate.
        /// - Returns: The moment, from the source's first frame.
        public func moment(at other: Int, rate: EditRate) -> ExactSeconds {
            // Sums of two fractions with a rate's terms always fit: the planner tried the largest.
            moment.adding(EditTime(other - frame, at: rate).seconds) ?? moment
        }
    }

    /// A stretch of the film's picture.
    ///
    /// Within a dissolve both layers are shown, the newer one with the weight (n + 1) / (N + 1) at its n-th of N frames,
    /// counted from 0: linear in the signal, no frame wholly the one or the other. A layer that is nil is what lies beneath,
    /// or black where nothing does or where black was put there.
    public struct Picture: Sendable, Hashable {
        /// The frames of the film.
        public var frames: Range<Int>
        /// What is shown, or what a dissolve goes to.
        public var layer: Layer?
        /// What a dissolve comes from.
        public var from: Layer?
        /// All frames of the dissolve of which this is a part; nil outside of one.
        public var dissolve: Range<Int>?
        /// The clip that counts as being shown, by its position in ``ConformPlan/shots``; nil for none.
        public var shot: Int?
        /// Whether black was put there, not left, where ``layer`` is nil.
        public var isMeant = false
        /// Whether black was put there, not left, where ``from`` is nil.
        public var isFromMeant = false
        /// What is seen through a fade: the picture of the tracks below, one or none. Its `frames` may be more than these.
        public var beneath: [Picture] = []

        /// All layers that are seen, those beneath included.
        public var layers: [Layer] { [layer, from].compactMap { $0 } + beneath.flatMap(\.layers) }

        /// Whether there is a layer at all. Unlike ``layers`` it looks no deeper than to the first: a cut may have many tracks.
        var hasLayers: Bool { layer != nil || from != nil || beneath.contains(where: \.hasLayers) }

        /// Whether something of the tracks below is seen.
        var isOpen: Bool {
            dissolve == nil
                ? layer == nil && !isMeant : layer == nil && !isMeant || from == nil && !isFromMeant
        }
    }

    /// A stretch of sound, which is added to the others that are heard at the same time.
    public struct Sound: Sendable, Hashable {
        /// The samples of the film.
        public var samples: Range<Int>
        /// The source, by its position in ``ConformPlan/sources``.
        public var source: Int
        /// The moment of the source, from its beginning, that is heard at the first of `samples`.
        public var moment: ExactSeconds
        /// The one channel that is taken, from 1, and heard in the same channel of the film; nil for all.
        public var channel: Int?
        /// The samples over which it rises from silence: at the n-th of N by (n + 1/2) / N.
        public var fadeIn: Range<Int>?
        /// The samples over which it falls to silence.
        public var fadeOut: Range<Int>?
        /// Where pictures of upper tracks come and go above it, whose sound takes its place by the same weights.
        public var covers: [Cover] = []

        /// A fade of an upper track over a sound.
        public struct Cover: Sendable, Hashable {
            /// The samples of the film in which it lies above the sound.
            public var samples: Range<Int>
            /// All samples of the fade.
            public var fade: Range<Int>
            /// Whether the upper sound goes, so that this one rises.
            public var rises: Bool
        }

        /// How loud it is at a sample, 0 to 1.
        ///
        /// - Parameter sample: A sample of the film.
        /// - Returns: What the source's sample is multiplied with.
        public func gain(at sample: Int) -> Float {
            func part(_ fade: Range<Int>?) -> Float {
                guard let fade, !fade.isEmpty else { return 1 }
                return min(1, max(0, (Float(sample - fade.lowerBound) + 0.5) / Float(fade.count)))
            }
            var gain = part(fadeIn) * (fadeOut == nil ? 1 : 1 - part(fadeOut))
            for cover in covers where cover.samples.contains(sample) {
                gain *= cover.rises ? part(cover.fade) : 1 - part(cover.fade)
            }
            return gain
        }
    }

    /// A shot of the film.
    public struct Chapter: Sendable, Hashable {
        /// The shot's name.
        public var title: String
        /// Its frames.
        public var frames: Range<Int>

        /// A shot of a film.
        ///
        /// - Parameters:
        ///   - title: The shot's name.
        ///   - frames: Its frames.
        public init(title: String, frames: Range<Int>) {
            self.title = title
            self.frames = frames
        }
    }

    /// What the film is made in.
    public let settings: Settings
    /// The sources that are used, each once.
    public let sources: [ConformSource]
    /// The film's length.
    public let frameCount: Int
    /// The film's pictures, without gaps, in order.
    public let pictures: [Picture]
    /// All stretches of sound, in order of their first samples.
    public let sounds: [Sound]
    /// The names of all clips with pictures, in the order of their tracks.
    public let shots: [String]
    /// The shots as they are seen, in order.
    public let chapters: [Chapter]
    /// The timecode of the first frame, such as `01:00:00:00`; nil for none.
    public let startTimecode: String?
    /// What is not as one might expect but is rendered all the same: gaps, sound that ends before its picture.
    public let notes: [Finding]

    /// The film's length in samples.
    public var sampleCount: Int { sample(ofFrame: frameCount) }

    /// The first sample that is heard with a frame.
    ///
    /// - Parameter frame: A frame of the film.
    /// - Returns: The sample, rounded from the exact moment.
    public func sample(ofFrame frame: Int) -> Int {
        guard let rate = EditRate(settings.sampleRate) else { return 0 }
        return EditTime(frame, at: settings.rate).seconds.framesRounded(at: rate)
    }

    /// Plans a cut.
    ///
    /// A clip's first frame is exactly its in-point; where its source has another rate than the film, each frame of the film
    /// shows the source's frame that is due at that moment. Upper tracks cover lower ones, and where they fade these are seen
    /// through them. A cut without sound tracks has the sound of its pictures, faded where they are: what is seen is heard,
    /// and a picture without sound lets that of the tracks below be heard.
    ///
    /// - Parameters:
    ///   - cut: The cut.
    ///   - catalogue: The sources there are.
    ///   - settings: What the film is made in.
    /// - Throws: `StudioError` with code `invalid` and a finding for everything that stands against it, by the clip's
    ///   name and with its place (`/tracks/0/items/3`): a missing or ambiguous source, a source too short, a dissolve
    ///   without handles or longer than its clips, a gap where gaps are refused.
    public init(_ cut: Cut, from catalogue: ConformCatalogue, settings: Settings) throws(StudioError) {
        var planner = ConformPlanner(cut: cut, catalogue: catalogue, settings: settings)
        planner.plan()
        try planner.findings.throwIfAny()
        self.settings = settings
        sources = planner.used.map { catalogue.sources[$0] }
        frameCount = planner.frameCount
        pictures = planner.pictures
        sounds = planner.sounds.sorted { ($0.samples.lowerBound, $0.source) < ($1.samples.lowerBound, $1.source) }
        shots = planner.shots
        chapters = planner.chapters
        let start = cut.globalStart?.rescaled(to: settings.rate)
        startTimecode = start.map {
            Timecode.text($0.frames, at: settings.rate, isDropFrame: cut.isDropFrame)
        }
        notes = planner.notes.told
    }
}
