import CMedia

/// The sound of a film on its way from its own file into the joined one.
final class JoinedSound {
    /// The tracks' numbers in the output.
    var streams: [Int32] { tracks.map(\.stream) }

    private let demuxer: Demuxer
    private let tracks: [CopiedStream]
    private let packet: Packet
    /// When the packet that was read last is heard, in microseconds; nil where none waits.
    private var waiting: Int64?
    private var isAtEnd = false

    /// Adds the tracks; the muxer has not been started.
    init(path: String, limits: MediaLimits, into muxer: Muxer) throws {
        let demuxer = try Demuxer(path: path, limits: limits)
        guard !demuxer.audioStreams.isEmpty else {
            throw MediaError(.unsupported, "\(demuxer.name) has no sound.")
        }
        for stream in demuxer.audioStreams where !muxer.container.holds(stream) {
            throw MediaError(
                .unsupported, "The sound of \(demuxer.name) cannot be put into \(muxer.container.title) as it is.")
        }
        // Times stay as they are: what comes before zero is what the decoder needs and nobody hears.
        tracks = try demuxer.audioStreams.map { stream in
            let track = try CopiedStream(stream, start: 0, into: muxer)
            for (key, value) in demuxer.words(of: stream) { muxer.describe(stream: track.stream, key, value) }
            return track
        }
        self.demuxer = demuxer
        packet = try Packet()
        try readOn()
        guard waiting != nil else { return }
        // What comes before zero is the encoder's lead, which Matroska has a place of its own for; tracks of one file have
        // the same.
        let first = packet.pointer.pointee.pts
        guard first != cmedia_no_timestamp(), first < 0, first > -(1 << 40) else { return }
        for (track, stream) in zip(tracks, demuxer.audioStreams) {
            guard let parameters = muxer.stream(track.stream)?.pointee.codecpar,
                parameters.pointee.initial_padding == 0
            else { continue }
            let unit = AVRational(num: 1, den: max(1, parameters.pointee.sample_rate))
            parameters.pointee.initial_padding = Int32(
                clamping: av_rescale_q(-first, stream.pointee.time_base, unit))
        }
    }

    /// Refuses an output that is this file.
    func refuseOverwriting(_ path: String) throws { try demuxer.refuseOverwriting(path) }

    /// Writes what is heard up to a moment, so that the writer has never much to hold.
    /// - Parameter time: The moment, in microseconds.
    /// - Throws: `MediaError`.
    func write(upTo time: Int64) throws {
        while !isAtEnd {
            if let waiting {
                guard waiting <= time else { return }
                try take()
            }
            try readOn()
        }
    }

    /// Writes the rest; `each` is called for every packet.
    /// - Throws: `MediaError` where the file is cut off; what `each` throws.
    func finish(each: () throws -> Void) throws {
        while !isAtEnd {
            if waiting != nil {
                try take()
                try each()
            }
            try readOn()
        }
    }

    private func take() throws {
        waiting = nil
        let index = packet.pointer.pointee.stream_index
        guard let track = tracks.first(where: { $0.index == index }) else { return }
        trim(packet.pointer, of: demuxer.streams[Int(index)])
        try track.write(packet)
    }

    /// Takes what nobody is to hear off the duration of the last packet, as its encoder had: Matroska tells it beside the packet.
    private func trim(_ packet: UnsafeMutablePointer<AVPacket>, of stream: UnsafeMutablePointer<AVStream>) {
        var size = 0
        guard let data = av_packet_get_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, &size), size >= 8 else { return }
        // Two numbers of samples, the lowest byte first: at the beginning, and at the end.
        let left = (4..<8).reduce(UInt32(0)) { $0 | UInt32(data[$1]) << UInt32(8 * ($1 - 4)) }
        let rate = stream.pointee.codecpar?.pointee.sample_rate ?? 0
        guard left > 0, rate > 0 else { return }
        let ticks = av_rescale_q_rnd(
            Int64(left), AVRational(num: 1, den: rate), stream.pointee.time_base, AV_ROUND_DOWN)
        packet.pointee.duration = max(1, packet.pointee.duration - ticks)
    }

    private func readOn() throws {
        guard try demuxer.read(into: packet) else {
            isAtEnd = true
            return try demuxer.checkComplete()
        }
        let index = Int(packet.pointer.pointee.stream_index)
        guard demuxer.streams.indices.contains(index) else {
            waiting = Int64.min
            return
        }
        let time = packet.pointer.pointee.pts == cmedia_no_timestamp() ? 0 : packet.pointer.pointee.pts
        waiting = av_rescale_q(time, demuxer.streams[index].pointee.time_base, cmedia_microsecond())
    }
}
