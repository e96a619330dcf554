import StudioCore
import StudioMedia

/// What a worker's doctor finds out about the media engine.
enum MediaDiagnosis {
    /// Whether libav has what the functions use. Blocks for a moment.
    static func codecs() -> [Diagnosis] {
        let missing = MediaParts.missing()
        guard missing.isEmpty else {
            return [
                Diagnosis(
                    "codecs", .failed, "libav lacks \(missing.joined(separator: ", "))",
                    remedy: "install libav with these parts: on Debian, libavcodec-extra and libavfilter-extra")
            ]
        }
        return [
            Diagnosis("codecs", .ok, "libav has the \(MediaParts.count) encoders, decoders and filters that are used")
        ]
    }
}
