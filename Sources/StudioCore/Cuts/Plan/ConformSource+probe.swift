public import QueueProtocol

extension ConformSource {
    /// A source as its probe describes it: what a worker found out about a file, kept with takes and assets.
    ///
    /// - Parameters:
    ///   - path: The path below the project's folder.
    ///   - names: What else it is called.
    ///   - probe: The probe's document; null, or nil, for a file that nobody looked into yet.
    public init(path: String, names: [String] = [], probe: JSONValue?) {
        guard let probe, let streams = probe["streams"]?.arrayValue else {
            self.init(unprobed: path, names: names)
            return
        }
        let whole = Self.time(probe["durationSeconds"])
        let isStill = probe["container"]?.stringValue?.hasSuffix("_pipe") ?? false
        let video = streams.first { $0["kind"] == "video" && $0["isCover"] != true }
        let audio = streams.first { $0["kind"] == "audio" }
        let pictures = video.map { stream in
            let rate = isStill ? nil : Self.rate(of: stream)
            let count = rate.flatMap { rate in
                stream["frameCount"]?.intValue
                    ?? (Self.time(stream["durationSeconds"]) ?? whole)?.framesRounded(at: rate)
            }
            let timecode = (stream["timecode"] ?? probe["timecode"])?.stringValue
            return Pictures(
                rate: rate, count: count,
                startTimecode: rate.flatMap { rate in timecode.flatMap { Timecode.frames($0, at: rate) } })
        }
        // Sound whose length the file does not tell is as long as it has to be.
        let sound = audio.map { Self.time($0["durationSeconds"]) ?? whole ?? ExactSeconds(1 << 40, 1) }
        self.init(path: path, names: names, pictures: pictures, sound: sound)
    }

    private static func rate(of stream: JSONValue) -> EditRate? {
        if let top = stream["frameRateNumerator"]?.intValue, let bottom = stream["frameRateDenominator"]?.intValue {
            return EditRate(top, bottom)
        }
        return stream["frameRate"]?.stringValue.flatMap { EditRate(parsing: $0) }
    }

    /// A time in seconds, to the microsecond, as probes tell it.
    private static func time(_ value: JSONValue?) -> ExactSeconds? {
        guard let seconds = value?.doubleValue, seconds.isFinite, seconds > 0, seconds < 1e9 else { return nil }
        return ExactSeconds(Int128((seconds * 1e6).rounded()), 1_000_000)
    }
}
