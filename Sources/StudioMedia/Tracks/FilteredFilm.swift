import CMedia
import StudioCore

/// A film of another film's pictures behind filters: same size, same timing, BT.709 in limited range, without sound.
struct FilteredFilm {
    let reader: FrameReader
    /// How it is encoded. For odd sides, which 4:2:0 does not have, colour is sampled as finely as luma.
    let target: VideoTarget
    /// The filters for frames like one, which give RGB in full range, upright.
    let filters: (Frame) -> [String]

    func render(to path: String, counting counter: inout ProgressCounter) throws {
        let muxer = try Muxer(path: path, container: .mp4)
        let stage = try FilterStage<PictureShape>()
        var clock = FrameClock(reader.stream, start: reader.demuxer.start)
        var track: VideoTrack?
        func write(_ picture: Frame, _ timeBase: AVRational) throws {
            let made = try track ?? begin(picture, clock, muxer)
            track = made
            let stamp = picture.pointer.pointee.pts
            picture.pointer.pointee.pts = av_rescale_q(stamp, timeBase, made.timeBase)
            try made.write(picture, duration: picture.pointer.pointee.pkt_duration)
            counter.newest = { picture }
            try counter.advance()
        }
        while let frame = try reader.following(each: { try counter.beat() }) {
            guard let stamp = clock.stamp(frame.pointer) else { continue }
            let shape = PictureShape(frame)
            try reader.demuxer.limits.check(
                width: Int(shape.width), height: Int(shape.height), of: reader.demuxer.name)
            try reader.demuxer.limits.check(frames: counter.framesDone + 1, of: reader.demuxer.name)
            frame.pointer.pointee.pts = stamp.time
            frame.pointer.pointee.pkt_duration = stamp.duration
            try stage.push(frame, shaped: shape) {
                try FilterGraph(pictures: frame, timeBase: clock.timeBase, chain: chain(for: frame))
            } each: {
                try write($0, $1)
            }
        }
        try stage.finish { try write($0, $1) }
        guard let track else {
            throw MediaError(
                .inputInvalid, "\(reader.demuxer.name) has no picture that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        try track.finish { try counter.beat() }
        try counter.finishing()
        try muxer.finish { try counter.done() }
    }

    private func begin(_ picture: Frame, _ clock: FrameClock, _ muxer: Muxer) throws -> VideoTrack {
        let made = picture.pointer.pointee
        let aspect = made.sample_aspect_ratio
        let track = try VideoTrack(
            VideoTrack.Shape(
                width: Int(made.width), height: Int(made.height), timeBase: clock.timeBase, frameRate: clock.frameRate,
                pixelAspect: aspect.num > 0 && aspect.den > 0 ? aspect : AVRational(num: 1, den: 1),
                target: target(for: reader.stream)),
            into: muxer)
        try muxer.start()
        return track
    }

    /// Every frame gets the size of the stream, so that a change on the way does not change the film.
    private func chain(for frame: Frame) -> String {
        let parameters = reader.stream.pointee.codecpar.pointee
        let size = reader.orientation.turned(Int(parameters.width), Int(parameters.height))
        let format = target(for: reader.stream).pixelFormatName
        let fit = "scale=\(size.width):\(size.height):in_range=pc:out_range=tv:out_color_matrix=bt709"
        return (filters(frame) + [fit, "format=\(format)"]).joined(separator: ",")
    }

    private func target(for stream: UnsafeMutablePointer<AVStream>) -> VideoTarget {
        var target = target
        let parameters = stream.pointee.codecpar.pointee
        if parameters.width % 2 == 1 || parameters.height % 2 == 1 { target.chroma = .full }
        return target
    }
}
