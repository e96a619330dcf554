import CMedia
public import StudioCore

/// A film made of a plan: pictures of many sources, frame by frame, dissolved and faded where the plan says, with the sound
/// that belongs to them, chapters and timecode.
///
/// - Pictures are BT.709 in limited range, upright, without fields, fitted into the film's size on black; high dynamic
///   range is brought down. Dissolves and fades are linear in the signal.
/// - Sound is mixed in 32-bit floating point and clipped only by the encoder; crossfades are linear. A source's first sound
///   stream is heard; mono is heard on both sides, more than the film's channels are mixed down.
/// - Of a source no more is held than its decoder needs, and it is closed when the film has left it.
/// - Any frames of the film can be made by themselves: made one after the other they are the whole. Such a part says in its
///   words which frames it holds.
public struct Conform: Sendable {
    /// What is made.
    public var plan: ConformPlan
    /// The files of the plan's sources, in their order.
    public var files: [String]
    /// How it is encoded.
    public var target: MediaTarget
    /// The width in pixels, 16 to 8192. An odd width is rounded down.
    public var width: Int
    /// The height in pixels, 16 to 8192. An odd height is rounded down.
    public var height: Int
    /// The film's title, written into the file; empty for none.
    public var title: String
    /// The frames of the film that are made.
    public var frames: Range<Int>
    /// The largest source to accept.
    public var limits: MediaLimits

    /// Describes the work.
    /// - Parameters:
    ///   - plan: What is made. Its rate of samples is one that ``sampleRate(of:preferred:)`` gave.
    ///   - files: The files of the plan's sources, in their order.
    ///   - target: How it is encoded; default for browsers.
    ///   - width: The width in pixels; default 1920.
    ///   - height: The height in pixels; default 1080.
    ///   - title: The film's title; default none.
    ///   - frames: The frames of the film that are made; `nil` for all.
    ///   - limits: The largest source to accept.
    public init(
        plan: ConformPlan, files: [String], target: MediaTarget = .browser(), width: Int = 1920, height: Int = 1080,
        title: String = "", frames: Range<Int>? = nil, limits: MediaLimits = MediaLimits()
    ) {
        self.plan = plan
        self.files = files
        self.target = target
        self.width = width
        self.height = height
        self.title = title
        self.frames = frames ?? 0..<plan.frameCount
        self.limits = limits
    }

    /// The rate that a film's sound is planned with, so that its codec can hold it.
    /// - Parameters:
    ///   - target: How the film is encoded.
    ///   - preferred: The project's rate, in samples a second.
    /// - Returns: The rate that the encoded sound has.
    public static func sampleRate(of target: MediaTarget, preferred: Int) -> Int {
        target.audio?.rate(for: preferred) ?? preferred
    }

    /// Decodes, mixes, encodes and writes. Blocks for as long as it takes.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; on failure nothing is left.
    ///   - progress: Receives progress at every frame; what it throws stops the work.
    /// - Throws: `MediaError` of any code, or what `progress` threw.
    public func render(to path: String, progress: @escaping MediaProgressReport = { _ in }) throws {
        try check()
        let rate = try FrameRate(plan.settings.rate.numerator, plan.settings.rate.denominator)
        let muxer = try Muxer(path: path, container: target.container)
        let pictures = try target.video.map { target in
            try FilmPictures(
                plan, files: files, target: target, size: (width & ~1, height & ~1), rate: rate, limits: limits,
                into: muxer)
        }
        let first = plan.sample(ofFrame: frames.lowerBound)
        // A film in which nothing is ever heard has no sound, in any of its parts.
        let sound = try target.audio.flatMap { target in
            try plan.sounds.isEmpty && pictures != nil
                ? nil : FilmSound(plan, files: files, target: target, from: first, limits: limits, into: muxer)
        }
        try FilmWords(title: title, startTimecode: plan.startTimecode, chapters: plan.chapters)
            .write(of: frames, at: plan.settings.rate, pictures: pictures?.stream, into: muxer)
        if frames != 0..<plan.frameCount {
            muxer.describe(FilmPart.key, FilmPart(frames, of: plan.frameCount).text)
        }
        try muxer.start()
        var counter = ProgressCounter(total: frames.count, report: progress)
        try counter.start()
        for frame in frames {
            try pictures?.write(frame, at: frame - frames.lowerBound)
            try sound?.write(upTo: plan.sample(ofFrame: frame + 1))
            try counter.advance()
        }
        try pictures?.finish { try counter.beat() }
        try sound?.finish()
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }

    private func check() throws {
        guard files.count == plan.sources.count else {
            throw MediaError(.parametersInvalid, "\(files.count) files for a film of \(plan.sources.count) sources.")
        }
        guard !frames.isEmpty, frames.lowerBound >= 0, frames.upperBound <= plan.frameCount else {
            throw MediaError(
                .parametersInvalid, "The frames \(frames) are not of a film of \(plan.frameCount) frames.")
        }
        for (name, side) in [("width", width), ("height", height)] where !(16...8192).contains(side) {
            throw MediaError(.parametersInvalid, "A \(name) of \(side) is not possible; it has 16 to 8192 pixels.")
        }
    }
}
