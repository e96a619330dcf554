import CMedia

/// The playlists of a ladder, as RFC 8216 and its second edition write them.
enum Playlist {
    /// A file of segments and what players are told of it.
    struct Rendition {
        /// The address of its playlist, relative to the main one.
        var playlist: String
        /// Its segments.
        var segments: MediaSegments
        /// What decodes it, as RFC 6381 writes it, such as `avc1.64001f`.
        var codec: String
        /// The size as it is seen; `nil` for sound.
        var size: (width: Int, height: Int)?
        /// Its language, where the source says one.
        var language: String?
        /// The channels of sound.
        var channels = 2
    }

    /// The playlist of one file.
    /// - Parameters:
    ///   - segments: The file's segments.
    ///   - address: The file's address, relative to the playlist's.
    /// - Returns: The text.
    static func text(of segments: MediaSegments, at address: String) -> String {
        let longest = segments.segments.map(\.seconds).max() ?? 0
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(max(1, Int(longest.rounded())))",
            "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-MAP:URI=\"\(address)\",BYTERANGE=\"\(segments.header)@0\"",
        ]
        for segment in segments.segments {
            lines += [
                "#EXTINF:\(decimals(segment.seconds, 6)),", "#EXT-X-BYTERANGE:\(segment.size)@\(segment.offset)",
                address,
            ]
        }
        return (lines + ["#EXT-X-ENDLIST"]).joined(separator: "\n") + "\n"
    }

    /// The playlist that names the others, the largest pictures first.
    /// - Parameters:
    ///   - videos: The pictures in their sizes.
    ///   - sound: The sound of all of them; `nil` without any.
    ///   - frameRate: The pictures' rate.
    /// - Returns: The text.
    static func master(of videos: [Rendition], sound: Rendition?, frameRate: FrameRate) -> String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        if let sound {
            let language = sound.language.map { ",LANGUAGE=\"\($0)\"" } ?? ""
            lines.append(
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Sound\"\(language),DEFAULT=YES,AUTOSELECT=YES,"
                    + "CHANNELS=\"\(sound.channels)\",URI=\"\(sound.playlist)\"")
        }
        for video in videos {
            let peak = video.segments.peakBitRate + (sound?.segments.peakBitRate ?? 0)
            let average = video.segments.averageBitRate + (sound?.segments.averageBitRate ?? 0)
            let codecs = [video.codec, sound?.codec].compactMap { $0 }.joined(separator: ",")
            let size = video.size.map { ",RESOLUTION=\($0.width)x\($0.height)" } ?? ""
            lines += [
                "#EXT-X-STREAM-INF:BANDWIDTH=\(peak),AVERAGE-BANDWIDTH=\(average),CODECS=\"\(codecs)\"\(size),"
                    + "FRAME-RATE=\(decimals(frameRate.framesPerSecond, 3))" + (sound == nil ? "" : ",AUDIO=\"sound\""),
                video.playlist,
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What decodes the H.264 of a header, as RFC 6381, section 3.3, writes it; `nil` where it has no parameters.
    static func codec(ofH264 header: UnsafeBufferPointer<UInt8>) -> String? {
        // The first set of parameters behind a start code: its type, then profile, constraints and level.
        for index in header.indices.dropLast(3)
        where header[index] & 0x1F == 7 && index >= 3 && header[index - 1] == 1 && header[index - 2] == 0 {
            return "avc1." + header[(index + 1)...(index + 3)].map(hexadecimal).joined()
        }
        return nil
    }

    /// A language as a file says it, where it can be one by RFC 5646, section 2.1; `nil` otherwise. What a file says is anybody's:
    /// quotes and line ends in it would be attributes and lines of the playlist.
    static func language(_ tag: String) -> String? {
        let isTag = tag.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
        }
        return isTag && (2...35).contains(tag.utf8.count) ? tag : nil
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    /// A number with that many digits behind the point.
    private static func decimals(_ value: Double, _ count: Int) -> String {
        let scale = (0..<count).reduce(1) { made, _ in made * 10 }
        let whole = Int((max(0, value) * Double(scale)).rounded())
        let rest = String(whole % scale)
        return "\(whole / scale)." + String(repeating: "0", count: count - rest.count) + rest
    }
}
