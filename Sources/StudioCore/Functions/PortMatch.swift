extension FunctionManifest.Port.Kind {
    /// Whether a file of that name may be connected, judged by its extension alone.
    ///
    /// A name without an extension that is known passes: what a file is, the worker finds out. Refused here is what is
    /// known to be something else, before a job is queued and paid for it. A picture counts as a video of one frame, and
    /// a video as its sound.
    ///
    /// - Parameter fileName: The file's name or path.
    /// - Returns: Whether it may be connected, as far as is known.
    public func takes(fileName: String) -> Bool {
        guard let kind = Self.ofFile(named: fileName) else { return true }
        return takes(kind)
    }

    /// Whether what another port makes may be connected.
    ///
    /// - Parameter kind: What it makes.
    /// - Returns: Whether it may be connected.
    public func takes(_ kind: Self) -> Bool {
        switch self {
        case .image, .mask: kind == .image || kind == .mask
        case .video: kind == .video || kind == .audio || kind == .image || kind == .mask
        case .audio: kind == .audio || kind == .video
        case .text: kind == .text || kind == .json
        case .number: kind == .number || kind == .text || kind == .json
        case .json: kind == .json
        case .model: kind == .model
        }
    }

    /// What a file is by its extension.
    ///
    /// - Parameter name: The file's name or path.
    /// - Returns: What it is; nil where the extension says nothing.
    public static func ofFile(named name: String) -> Self? {
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return nil }
        return kinds[name[name.index(after: dot)...].lowercased()]
    }

    private static let kinds: [String: Self] = {
        let groups: [(Self, String)] = [
            (.image, "png jpg jpeg tif tiff exr dpx webp hdr tga bmp heic"),
            (.video, "mp4 mov mkv webm mxf avi m4v mpg mpeg ts gif"),
            (.audio, "wav flac mp3 aif aiff m4a aac ogg opus"),
            (.model, "safetensors ckpt pt pth onnx gguf bin"),
            (.text, "txt md srt vtt edl csv"),
            (.json, "json"),
        ]
        var kinds: [String: Self] = [:]
        for (kind, names) in groups {
            for name in names.split(separator: " ") { kinds[String(name)] = kind }
        }
        return kinds
    }()
}
