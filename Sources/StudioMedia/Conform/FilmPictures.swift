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
    private let size: (width: Int, height: Int)
    /// One for each picture that others lie above, from the top, since each is made while those above wait for it.
    private var mixes: [PictureMix]
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
        self.size = size
        mixes = [try PictureMix(width: size.width, height: size.height, format: track.pixelFormat)]
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
        // What is not seen in this stretch is closed, so that a film of hundreds of shots holds few files at a time.
        let layers = picture.layers
        open = open.filter { layers.contains($0.key) }
        let made = try compose(picture, frame, 0)
        made.pointer.pointee.pts = Int64(time)
        try track.write(made, duration: 1)
    }

    /// A frame of a picture of the plan, with what is seen through it.
    private func compose(_ picture: ConformPlan.Picture, _ frame: Int, _ depth: Int) throws -> Frame {
        let beneath = try picture.beneath.first.map { try compose($0, frame, depth + 1) }
        func shown(_ layer: ConformPlan.Layer?, _ isMeant: Bool) throws -> Frame? {
            guard let layer else { return isMeant ? nil : beneath }
            return try pictures(of: layer).picture(at: moment(layer, frame))
        }
        while mixes.count <= depth {
            mixes.append(try PictureMix(width: size.width, height: size.height, format: track.pixelFormat))
        }
        return try mixes[depth].picture(
            from: try shown(picture.from, picture.isFromMeant), to: try shown(picture.layer, picture.isMeant),
            step: picture.dissolve.map { frame - $0.lowerBound + 1 } ?? 0,
            of: picture.dissolve.map { $0.count + 1 } ?? 0)
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
