import CMedia

/// Writes the output of a loudness normalisation once.
struct NormalizingPass {
    var work: NormalizeAudio
    var treatments: [SoundTreatment]

    /// - Parameters:
    ///   - path: The output.
    ///   - counter: Counts blocks.
    ///   - last: Called when the file is complete; what it throws removes it.
    /// - Throws: `MediaError`, or what `last` threw.
    func write(
        to path: String, counting counter: inout ProgressCounter, last: (inout ProgressCounter) throws -> Void
    ) throws {
        let demuxer = try Demuxer(path: work.input, limits: work.limits)
        let muxer = try Muxer(path: path, container: work.container)
        // A file of sound alone has no place for pictures, and nobody who asks for one wants them.
        let pictures = work.container.videoCodecs.isEmpty ? nil : demuxer.mainVideo
        let picture = try pictures.map { try copied($0, of: demuxer, into: muxer) }
        let streams = work.container.holdsManyStreams ? demuxer.audioStreams : Array(demuxer.audioStreams.prefix(1))
        let sound = try streams.enumerated().map { number, stream in
            try AudioPipeline(
                stream, of: demuxer, target: work.audio, into: muxer,
                filters: number < treatments.count ? treatments[number].filters : [])
        }
        try muxer.start()
        let packet = try Packet()
        var packets = 0
        while try demuxer.read(into: packet) {
            packets += 1
            if packets % 64 == 0 { try counter.beat() }
            let index = packet.pointer.pointee.stream_index
            if let picture, picture.index == index {
                try picture.write(packet)
            } else if let place = sound.firstIndex(where: { $0.index == index }) {
                try sound[place].decode(packet) { if place == 0 { try counter.beat() } }
            }
        }
        try demuxer.checkComplete()
        for track in sound { try track.finish { try counter.beat() } }
        try muxer.finish { try last(&counter) }
    }

    private func copied(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, into muxer: Muxer
    ) throws -> CopiedStream {
        guard let codec = stream.pointee.codecpar.flatMap({ VideoCodec($0.pointee.codec_id) }),
            work.container.videoCodecs.contains(codec)
        else {
            let name = String(cString: avcodec_get_name(stream.pointee.codecpar?.pointee.codec_id ?? AV_CODEC_ID_NONE))
            throw MediaError(
                .parametersInvalid,
                "\(demuxer.name) has pictures in \(name), which cannot be copied into \(work.container.title).")
        }
        return try CopiedStream(stream, start: demuxer.start, into: muxer)
    }
}
