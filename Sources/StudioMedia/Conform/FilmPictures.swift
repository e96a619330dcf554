import CMedia
import StudioCore

/// The pictures of a film, made frame by frame and encoded.
final class FilmPictures {
    /// The stream's number in the file.
    var stream: Int32 { track.stream }

    private let plan: ConformPlan
    private let files: [String]
    private let limits: MediaLimits
    private let fit: ConformedPicture
    private let track: VideoTrack
    private let mix: PictureMix
    /// The sources that are seen now, each as the layer it is seen in.
    private var open: [ConformPlan.Layer: SourcePictures] = [:]
    private var position = 0

    /// Adds the track; the muxer has not been started.
    init(
        _ plan: ConformPlan, files: [String], target: VideoTarget, size: (width: Int, height: Int), rate: FrameRate,
        limits: MediaLimits, into muxer: Muxer
    ) throws {
        (self.plan, self.files, self.limits) = (plan, files, limits)
        fit = ConformedPicture(width: size.width, height: size.height, target: target)
        track = try VideoTrack(
            VideoTrack.Shape(
                width: size.width, height: size.height, timeBase: rate.frameDuration, frameRate: rate.rational,
                target: target),
            into: muxer)
        mix = try PictureMix(width: size.width, height: size.height, format: track.pixelFormat)
    }

    /// Encodes a frame of the film.
    /// - Parameters:
    ///   - frame: The frame; after those of the calls before.
    ///   - time: Its number in the file.
    /// - Throws: `MediaError`.
    func write(_ frame: Int, at time: Int) throws {
        while position < plan.pictures.count, plan.pictures[position].frames.upperBound <= frame { position += 1 }
        guard position < plan.pictures.count else { return }
        let picture = plan.pictures[position]
        // What is not seen in this stretch is closed, so that a film of hundreds of shots holds two files at a time.
        open = open.filter { $0.key == picture.layer || $0.key == picture.from }
        let to = try picture.layer.map { try pictures(of: $0).picture(at: moment($0, frame)) }
        let from = try picture.from.map { try pictures(of: $0).picture(at: moment($0, frame)) }
        let made = try mix.picture(
            from: from, to: to, step: picture.dissolve.map { frame - $0.lowerBound + 1 } ?? 0,
            of: picture.dissolve.map { $0.count + 1 } ?? 0)
        made.pointer.pointee.pts = Int64(time)
        try track.write(made, duration: 1)
    }

    /// Writes what the encoder still holds; `each` is called for every frame of it.
    func finish(each: () throws -> Void) throws {
        open = [:]
        try track.finish(each: each)
    }

    private func moment(_ layer: ConformPlan.Layer, _ frame: Int) -> ExactSeconds {
        layer.moment(at: frame, rate: plan.settings.rate)
    }

    private func pictures(of layer: ConformPlan.Layer) throws -> SourcePictures {
        if let known = open[layer] { return known }
        let made = try SourcePictures(path: files[layer.source], fit: fit, limits: limits)
        open[layer] = made
        return made
    }
}
