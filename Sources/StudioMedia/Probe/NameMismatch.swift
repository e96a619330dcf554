/// Holds a file's extension against what its content is.
enum NameMismatch {
    /// The extensions of each of libav's formats that people have files of.
    private static let extensions: [String: Set<String>] = [
        "mov,mp4,m4a,3gp,3g2,mj2": [
            "mov", "mp4", "m4a", "m4v", "3gp", "3g2", "mj2", "qt", "m4b", "ismv", "heic", "heif", "avif",
        ],
        "matroska,webm": ["mkv", "mka", "mks", "mk3d", "webm"], "avi": ["avi"],
        "mpegts": ["ts", "m2ts", "mts", "m2t"],
        "mpeg": ["mpg", "mpeg", "vob", "dat"], "mxf": ["mxf"], "flv": ["flv"],
        "asf": ["asf", "wmv", "wma"],
        "ogg": ["ogg", "oga", "ogv", "opus", "spx"], "wav": ["wav", "wave", "bwf"], "w64": ["w64"],
        "aiff": ["aif", "aiff"],
        "flac": ["flac"], "mp3": ["mp3"], "aac": ["aac"], "ac3": ["ac3"], "eac3": ["eac3", "ec3"],
        "caf": ["caf"],
        "png_pipe": ["png"], "jpeg_pipe": ["jpg", "jpeg", "jpe", "jfif"], "tiff_pipe": ["tif", "tiff"],
        "webp_pipe": ["webp"], "bmp_pipe": ["bmp", "dib"], "exr_pipe": ["exr"], "dpx_pipe": ["dpx"],
        "gif": ["gif"],
        "gif_pipe": ["gif"], "j2k_pipe": ["jp2", "j2k", "j2c", "jpf"], "jpegxl_pipe": ["jxl"],
        "psd_pipe": ["psd"],
        "apng": ["png", "apng"], "h264": ["h264", "264", "avc"], "hevc": ["hevc", "h265", "265"],
        "ivf": ["ivf"],
    ]
    private static let known = extensions.values.reduce(into: Set<String>()) { $0.formUnion($1) }

    /// The format, where the name's extension is that of another; `nil` where it fits, or tells nothing of media.
    static func of(_ name: String, format: String) -> String? {
        guard let dot = name.lastIndex(of: "."), let own = extensions[format] else { return nil }
        let ending = name[name.index(after: dot)...].lowercased()
        return known.contains(ending) && !own.contains(ending) ? format : nil
    }
}
