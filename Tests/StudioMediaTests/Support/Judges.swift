import Foundation

/// Further questions to the independent judges.
extension Tool {
    /// What `mediainfo` says of a file's tracks, by their type: `General`, `Video`, `Audio`, `Menu`, `Other`.
    static func mediainfo(_ path: String) throws -> [String: [[String: String]]] {
        let text = try run("mediainfo", ["--Output=JSON", path])
        let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let tracks = (document?["media"] as? [String: Any])?["track"] as? [[String: Any]] ?? []
        var found: [String: [[String: String]]] = [:]
        for track in tracks {
            found[track["@type"] as? String ?? "", default: []].append(
                track.compactMapValues { $0 as? String })
        }
        return found
    }

    /// One entry of what `ffprobe` says, a line for each thing that has it.
    static func ask(_ path: String, _ entries: String, _ further: String...) throws -> [String] {
        let text = try run(
            "ffprobe", ["-v", "error", "-show_entries", entries, "-of", "csv=p=0"] + further + [path])
        return text.split(separator: "\n").map(String.init).filter { !$0.isEmpty }
    }

    /// The hash of each decoded frame of a stream.
    static func frameHashes(_ path: String, _ stream: String = "0:v:0") throws -> [String] {
        try hashes(path, ["-map", stream, "-vsync", "passthrough", "-f", "framemd5"])
    }

    /// The hash of each packet of a stream, as it is coded.
    static func packetHashes(_ path: String, _ stream: String = "0:v:0") throws -> [String] {
        try hashes(path, ["-map", stream, "-c", "copy", "-f", "framemd5"])
    }

    /// How far two films are apart, in decibels over all planes; infinite where they are the same.
    static func psnr(_ first: String, _ second: String, filters: String = "setpts=PTS-STARTPTS")
        throws -> Double
    {
        let text = try run(
            "ffmpeg",
            [
                "-nostdin", "-v", "info", "-i", first, "-i", second, "-lavfi",
                "[0:v]\(filters),format=yuv444p10[a];[1:v]\(filters),format=yuv444p10[b];[a][b]psnr", "-f",
                "null", "-",
            ])
        guard let mark = text.range(of: "average:", options: .backwards) else {
            throw ToolFailure(text: text)
        }
        let value = text[mark.upperBound...].prefix { !$0.isWhitespace }
        return value == "inf" ? .infinity : Double(value) ?? 0
    }

    private static func hashes(_ path: String, _ options: [String]) throws -> [String] {
        let text = try run("ffmpeg", ["-nostdin", "-v", "error", "-i", path] + options + ["-"])
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: ",").last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
