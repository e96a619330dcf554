import FoundationEssentials
import QueueProtocol
import StudioCore

/// A finished file and all that its take will say about it.
struct FinishedFile: Sendable {
    /// Where it is: in the attempt's scratch folder, or where an earlier attempt has put it.
    var path: String
    /// The output that it was made for.
    var port: FunctionManifest.Port
    var function: FunctionManifest
    /// The effective parameters.
    var parameters: [String: JSONValue]
    var inputs: [TakeSidecar.Input]
    /// What made it, beyond what the job says.
    var origin: TakeOrigin
    var inspection: Inspection
}

/// What a look into a finished file brought, in a child process: it was made by a runner, and a runner may be anything.
struct Inspection: Sendable, Hashable {
    /// What the media is.
    var probe: JSONValue
    /// The absolute path of its thumbnail; nil for media without a picture.
    var thumbnail: String?
}

/// The places at which publishing may be interrupted; tests end it at each.
enum PublishingStep: String, Sendable, CaseIterable {
    /// The take has its number.
    case allocated
    /// The row knows the finished file's hash.
    case recorded
    /// The file is an LFS object.
    case stored
    /// The file stands in its place, the thumbnail in its.
    case placed
    /// Git has the commit; PostgreSQL does not know it yet.
    case committed
    /// The closing statements were made; the transaction is still open.
    case closing
}

extension FinishedFile {
    /// The extension of the file's name, without a dot.
    var fileExtension: String { port.fileExtension(with: parameters) ?? "" }

    /// The media type of the file, told by its extension.
    var mediaType: String {
        let known: [String: String] = [
            "mp4": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska", "webm": "video/webm",
            "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "tif": "image/tiff",
            "tiff": "image/tiff", "exr": "image/x-exr", "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg",
            "m4a": "audio/mp4", "json": "application/json", "txt": "text/plain",
        ]
        return known[fileExtension] ?? "application/octet-stream"
    }
}
