import CMedia
import StudioCore

/// Where the differences of two videos go: a video of all, or a picture of the frame that differs most.
final class DifferenceOutput {
    private let path: String
    private let isPicture: Bool
    private let quality: QualityTier
    private let frameRate: FrameRate
    private let worst: Frame
    private var video: SteadyVideo?

    init(path: String, isPicture: Bool, quality: QualityTier, frameRate: FrameRate) throws {
        self.path = path
        self.isPicture = isPicture
        self.quality = quality
        self.frameRate = frameRate
        worst = try Frame()
    }

    func add(_ difference: Frame, isWorst: Bool, counting counter: inout ProgressCounter) throws {
        if isPicture {
            if isWorst {
                worst.unreference()
                av_frame_move_ref(worst.pointer, difference.pointer)
            }
            try counter.advance()
            return
        }
        let made = difference.pointer.pointee
        let output =
            try video
            ?? SteadyVideo(
                path: path, width: Int(made.width), height: Int(made.height), frameRate: frameRate,
                target: VideoTarget(quality: quality))
        video = output
        try output.add(difference, counting: &counter)
    }

    func finish(counting counter: inout ProgressCounter) throws {
        guard isPicture else {
            try video?.finish(counting: &counter)
            return
        }
        let bytes = try StillEncoder(.png, quality: quality).encode(worst)
        let output = try OutputFile(path: path)
        try output.write(bytes)
        try counter.finishing()
        try counter.done()
        output.keep()
    }
}
