/// Media types by the extensions of file names.
enum MediaType {
    private static let known: [String: String] = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska",
        "webm": "video/webm",
        "mxf": "application/mxf", "ts": "video/mp2t", "gif": "image/gif",
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "tif": "image/tiff",
        "tiff": "image/tiff", "exr": "image/x-exr", "dpx": "image/x-dpx",
        "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac",
        "ogg": "audio/ogg", "opus": "audio/ogg",
        "json": "application/json", "txt": "text/plain", "csv": "text/csv", "vtt": "text/vtt",
        "srt": "application/x-subrip",
        "edl": "text/plain", "m3u8": "application/vnd.apple.mpegurl", "zip": "application/zip",
        "tar": "application/x-tar",
        "gz": "application/gzip",
    ]

    /// The media type of a file of that extension.
    static func ofFile(extension fileExtension: String) -> String {
        known[fileExtension.lowercased()] ?? "application/octet-stream"
    }
}
