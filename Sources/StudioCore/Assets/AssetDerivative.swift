/// What is made of every asset by itself, so that people can look at it without opening it.
public enum AssetDerivative: String, Sendable, Hashable, CaseIterable, Codable {
    /// What the file is: container, streams, duration, as a document.
    case probe
    /// A small picture.
    case thumbnail
    /// A small film that plays anywhere.
    case proxy
    /// A picture or the peaks of its sound.
    case waveform

    /// The function that makes it.
    public var function: String { rawValue }

    /// The folder in the cache that it is kept in.
    public var folder: String {
        switch self {
        case .probe: "05_Cache/probes"
        case .thumbnail: "05_Cache/thumbnails"
        case .proxy: "05_Cache/proxies"
        case .waveform: "05_Cache/waveforms"
        }
    }

    /// Where it is kept, without its extension: by what the asset holds, so that the same bytes have it once.
    ///
    /// - Parameter sha256: Of the asset, 64 hexadecimal digits.
    /// - Returns: A path below the project's folder.
    public func place(of sha256: String) -> String { "\(folder)/\(sha256.prefix(32))" }

    /// What is made of a kind of file.
    ///
    /// - Parameter kind: What the file is by its name; nil where that says nothing.
    /// - Returns: The derivatives; none for what is no media.
    public static func all(of kind: FunctionManifest.Port.Kind?) -> [AssetDerivative] {
        switch kind {
        case .image, .mask: [.probe, .thumbnail]
        case .video: [.probe, .thumbnail, .proxy]
        case .audio: [.probe, .waveform]
        case .text, .number, .json, .model, nil: []
        }
    }
}
