/// Peaks of sound as BBC's audiowaveform writes them in JSON, version 2, and as peaks.js reads them: for every stretch of
/// samples and every channel the lowest and the highest value.
///
/// Format: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md. `length`, which is known last, stands last.
final class PeaksFile {
    private let file: GrowingFile
    private let samplesPerPixel: Int
    private let isCoarse: Bool
    private var open: [Peak]
    private var filled = 0
    private(set) var length = 0

    /// Begins the file.
    /// - Parameters:
    ///   - path: The output. A file there is replaced; without ``finish(_:)`` nothing is left.
    ///   - sampleRate: Samples a second.
    ///   - channels: The channels.
    ///   - samplesPerPixel: The samples of a stretch.
    ///   - bits: 8 or 16: how finely values are told.
    /// - Throws: `MediaError` with `outputFailed` or `storageFull`.
    init(path: String, sampleRate: Int32, channels: Int, samplesPerPixel: Int, bits: Int) throws {
        self.samplesPerPixel = samplesPerPixel
        isCoarse = bits == 8
        open = Array(repeating: Peak(), count: channels)
        file = try GrowingFile(path: path)
        try file.append(
            #"{"version":2,"channels":\#(channels),"sample_rate":\#(sampleRate),"samples_per_pixel":\#(samplesPerPixel),"#
                + #""bits":\#(bits),"data":["#)
    }

    /// Takes samples, those of all channels one after the other.
    func add(_ samples: UnsafePointer<Int16>, count: Int) throws {
        let channels = open.count
        var done = 0
        while done < count {
            let part = min(count - done, samplesPerPixel - filled)
            for channel in open.indices {
                open[channel].add(samples + done * channels + channel, count: part, stride: channels)
            }
            done += part
            filled += part
            if filled == samplesPerPixel { try close() }
        }
    }

    /// Writes the rest; `last` is called when the file is complete, and what it throws still removes it.
    func finish(_ last: () throws -> Void) throws {
        if filled > 0 { try close() }
        try file.append(#"],"length":\#(length)}"#)
        try file.finish(last)
    }

    private func close() throws {
        var text = length == 0 ? "" : ","
        for (channel, peak) in open.enumerated() {
            if channel > 0 { text += "," }
            text += "\(told(peak.lowest)),\(told(peak.highest))"
            open[channel] = Peak()
        }
        try file.append(text)
        length += 1
        filled = 0
    }

    private func told(_ sample: Int16) -> Int { isCoarse ? Int(sample) / 256 : Int(sample) }
}
