import CMedia
import StudioCore

extension Transcode {
    /// How many pictures before a part's first one reading begins at the latest: decoders put them in order, and those before
    /// the key frame that is entered at may lack what they refer to.
    private static let lead = 20

    /// Makes a part of the film: exactly its frames, the first at zero, encoded as in one pass.
    func render(
        _ part: FilmPart, to path: String, progress: @escaping MediaProgressReport
    ) throws -> TranscodeOutcome {
        guard part.isPossible else {
            throw MediaError(.parametersInvalid, "There are no \(part.text) that could be made.")
        }
        guard range == nil, !copies, target.audio == nil, target.video != nil else {
            throw MediaError(.parametersInvalid, "A part of a film has pictures alone, and they are encoded.")
        }
        do {
            return try render(part, to: path, entering: true, progress: progress)
        } catch is PartBeginningMissed {
            do {
                return try render(part, to: path, entering: false, progress: progress)
            } catch let missed as PartBeginningMissed {
                throw missed.refusal
            }
        }
    }

    // Enters the file before the part, or reads it from its beginning.
    private func render(
        _ part: FilmPart, to path: String, entering enters: Bool, progress: @escaping MediaProgressReport
    ) throws -> TranscodeOutcome {
        let demuxer = try Demuxer(path: input, limits: limits)
        guard let stream = demuxer.mainVideo, !demuxer.isPicture else {
            throw MediaError(.unsupported, "\(demuxer.name) has no moving pictures.")
        }
        try demuxer.refuseOverwriting(path)
        let muxer = try Muxer(path: path, container: target.container)
        let pipeline = try pictures(stream, of: demuxer, part, into: muxer)
        muxer.describe(FilmPart.key, part.text)
        try muxer.start()
        var counter = ProgressCounter(total: part.frames.count, report: progress)
        counter.newest = { pipeline.newest }
        try counter.start()
        if enters, let rate = demuxer.steadyRate(of: stream) {
            let lead = max(200_000, rate.time(ofFrame: Self.lead, in: cmedia_microsecond()))
            demuxer.approach(pipeline.partStart, ahead: lead)
        }
        let packet = try Packet()
        var packets = 0
        while !pipeline.hasWholePart, try demuxer.read(into: packet) {
            packets += 1
            if packets % 64 == 0 { try counter.beat() }
            guard packet.pointer.pointee.stream_index == pipeline.index else { continue }
            try pipeline.decode(packet) { try counter.advance() }
        }
        try pipeline.finish(each: { try counter.advance() }, beat: { try counter.beat() })
        try counter.finishing()
        try muxer.finish { try counter.done() }
        return TranscodeOutcome(video: .encoded, audio: [], frames: counter.framesDone)
    }
}
