/// How far a piece of media work is. Reported for every frame, and at every change of stage.
///
/// `framesDone` never falls; the last report of finished work has `framesDone == framesTotal`.
public struct MediaProgress {
    /// What is being done.
    public enum Stage: String, Sendable, Codable {
        /// Frames are painted, decoded and encoded.
        case encoding
        /// The file's index is written and moved to its front.
        case finishing
        /// The output is complete.
        case done
    }

    /// What is being done.
    public var stage: Stage
    /// Frames handed to the encoder. For audio alone: blocks of 1024 samples.
    public var framesDone: Int
    /// All frames; `nil` while the input does not say how many it has. An estimate where it only tells its duration.
    public var framesTotal: Int?
    /// The newest picture, where the work has pictures and one is at hand; valid for as long as the report runs.
    public var picture: NewestPicture?

    /// Makes a report.
    /// - Parameters:
    ///   - stage: What is being done.
    ///   - framesDone: Frames handed to the encoder.
    ///   - framesTotal: All frames, where known.
    ///   - picture: The newest picture.
    public init(stage: Stage, framesDone: Int, framesTotal: Int?, picture: NewestPicture? = nil) {
        self.stage = stage
        self.framesDone = framesDone
        self.framesTotal = framesTotal
        self.picture = picture
    }
}

extension MediaProgress: Equatable {
    /// Whether two reports say the same; the pictures play no part.
    public static func == (left: MediaProgress, right: MediaProgress) -> Bool {
        (left.stage, left.framesDone, left.framesTotal) == (right.stage, right.framesDone, right.framesTotal)
    }
}

/// Receives progress. What it throws stops the work at once: the error is passed on and the output is removed.
public typealias MediaProgressReport = (MediaProgress) throws -> Void

/// Counts frames and keeps a report's promises: nothing falls, the estimate is never below what is done.
struct ProgressCounter {
    private(set) var framesDone = 0
    /// Where the newest frame is found when a report asks for its picture; `nil` for sound.
    var newest: () -> Frame? = { nil }
    private var framesTotal: Int?
    private let report: MediaProgressReport

    init(total: Int?, report: @escaping MediaProgressReport) {
        self.framesTotal = total
        self.report = report
    }

    mutating func start() throws { try send(.encoding) }

    mutating func advance(by count: Int = 1) throws {
        framesDone += count
        if let total = framesTotal { framesTotal = max(total, framesDone) }
        try send(.encoding)
    }

    /// Repeats the last report: the chance to stop where work goes on without a new frame.
    func beat() throws { try send(.encoding) }

    mutating func finishing() throws {
        framesTotal = framesDone
        try send(.finishing)
    }

    func done() throws { try send(.done) }

    private func send(_ stage: MediaProgress.Stage) throws {
        let picture = NewestPicture(newest())
        try report(
            MediaProgress(stage: stage, framesDone: framesDone, framesTotal: framesTotal, picture: picture))
    }
}
