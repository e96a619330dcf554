import FoundationEssentials

/// Small whole files of every kind that the studio reads, made by the `ffmpeg` program, to be broken.
public enum MediaSpecimens {
    private static let pictures = "testsrc2=s=64x48:r=25:d=0.4"
    private static let still = ["-frames:v", "1", "-update", "1"]

    /// The names, which say the kind, and what `ffmpeg` is told for each; `0` is the pictures, `1` the sound.
    private static let kinds: [(name: String, words: [String])] = [
        ("h264.mp4", ["-map", "0", "-map", "1", "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"]),
        ("hevc.mp4", ["-map", "0", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]),
        ("fragments.mp4", ["-map", "0", "-c:v", "libx264", "-g", "5", "-movflags", "frag_keyframe+empty_moov"]),
        ("prores.mov", ["-map", "0", "-map", "1", "-c:v", "prores_ks", "-c:a", "pcm_s16le"]),
        ("qtrle.mov", ["-map", "0", "-c:v", "qtrle"]),
        ("h264.mkv", ["-map", "0", "-map", "1", "-c:v", "libx264", "-c:a", "libopus"]),
        ("ffv1.mkv", ["-map", "0", "-map", "1", "-c:v", "ffv1", "-c:a", "flac"]),
        ("vp8.webm", ["-map", "0", "-map", "1", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"]),
        ("vp9.webm", ["-map", "0", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]),
        ("mpeg4.avi", ["-map", "0", "-map", "1", "-c:v", "mpeg4", "-c:a", "libmp3lame"]),
        ("mjpeg.avi", ["-map", "0", "-map", "1", "-c:v", "mjpeg", "-c:a", "pcm_s16le"]),
        ("mpeg2.ts", ["-map", "0", "-map", "1", "-c:v", "mpeg2video", "-c:a", "mp2"]),
        ("h264.ts", ["-map", "0", "-map", "1", "-c:v", "libx264", "-c:a", "aac"]),
        ("mpeg1.mpg", ["-map", "0", "-c:v", "mpeg1video"]),
        ("mpeg2.mxf", ["-map", "0", "-c:v", "mpeg2video", "-f", "mxf"]),
        ("flv1.flv", ["-map", "0", "-map", "1", "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"]),
        ("theora.ogg", ["-map", "0", "-map", "1", "-c:v", "libtheora", "-c:a", "libvorbis"]),
        ("a.gif", ["-map", "0", "-c:v", "gif"]), ("a.png", ["-map", "0"] + still),
        ("deep.png", ["-map", "0", "-pix_fmt", "rgba64be"] + still), ("a.jpg", ["-map", "0"] + still),
        ("a.tif", ["-map", "0"] + still), ("a.exr", ["-map", "0", "-pix_fmt", "gbrapf32le"] + still),
        ("a.dpx", ["-map", "0"] + still), ("a.bmp", ["-map", "0"] + still), ("a.tga", ["-map", "0"] + still),
        ("a.webp", ["-map", "0", "-c:v", "libwebp"] + still), ("a.wav", ["-map", "1", "-c:a", "pcm_s16le"]),
        ("a.flac", ["-map", "1", "-c:a", "flac"]), ("a.mp3", ["-map", "1", "-c:a", "libmp3lame"]),
        ("vorbis.ogg", ["-map", "1", "-c:a", "libvorbis"]), ("a.opus", ["-map", "1", "-c:a", "libopus"]),
        ("alac.m4a", ["-map", "1", "-c:a", "alac"]), ("a.aiff", ["-map", "1"]),
        ("a.ac3", ["-map", "1", "-c:a", "ac3"]), ("a.aac", ["-map", "1", "-c:a", "aac", "-f", "adts"]),
    ]

    /// The names of the files that ``make(in:)`` makes.
    public static var names: [String] { kinds.map(\.name) }

    /// Makes them all, in one run.
    ///
    /// - Parameter folder: Where to.
    /// - Throws: `TestKitError` where the program fails.
    public static func make(in folder: TemporaryDirectory) async throws {
        var words = ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", pictures, "-f", "lavfi"]
        words += ["-i", "sine=frequency=440:sample_rate=48000:duration=0.4"]
        for (name, kind) in kinds { words += kind + [folder.path(name)] }
        let made = try await ChildProcess.run("ffmpeg", words)
        guard made.exit == .code(0) else { throw TestKitError("ffmpeg made no specimens: \(made.errors)") }
    }

    /// Breaks every specimen in every way in turn.
    ///
    /// - Parameters:
    ///   - rounds: How many files are made of each specimen.
    ///   - seed: The same seed makes the same files.
    ///   - folder: The path of the folder with the specimens.
    ///   - kinds: Whether a specimen is broken, by its name; default all are.
    ///   - each: Gets a broken file's name, which says what was done to what, and its bytes.
    /// - Throws: What the file system said, or what `each` threw.
    public static func breakAll(
        rounds: Int, seed: UInt64, in folder: String, of kinds: (_ name: String) -> Bool = { _ in true },
        each: (_ name: String, _ bytes: [UInt8]) throws -> Void
    ) throws {
        for (number, name) in names.enumerated() where kinds(name) {
            let whole = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            for round in 0..<rounds {
                // Each specimen begins with another kind of damage, so that few rounds have all of them.
                let damage = Damage.allCases[(round + number) % Damage.allCases.count]
                var chance = SeededGenerator(state: seed &+ UInt64(round) &* 1009 &+ UInt64(number))
                try each("\(damage.rawValue)-\(round)-\(name)", damage.apply(to: whole, &chance))
            }
        }
    }

    /// How many files are made of each specimen: what the environment's `STUDIO_DAMAGE_ROUNDS` says.
    ///
    /// - Parameter usual: Where it says nothing.
    /// - Returns: The number.
    public static func rounds(usually usual: Int) -> Int {
        ProcessInfo.processInfo.environment["STUDIO_DAMAGE_ROUNDS"].flatMap(Int.init) ?? usual
    }
}
