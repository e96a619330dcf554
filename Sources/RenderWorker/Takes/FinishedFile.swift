import FoundationEssentials
import QueueProtocol
import StudioCore

/// A finished file of one output, before it leaves the scratch folder.
struct FinishedOutput: Sendable {
    /// The output that it was made for.
    var port: FunctionManifest.Port
    /// Where it is: in the attempt's scratch folder, or where an earlier attempt has put it.
    var path: String
    /// The extension of its name, without a dot.
    var fileExtension: String
    /// What the media is; null for what is no media.
    var probe = JSONValue.null

    /// The media type, told by the extension.
    var mediaType: String { MediaType.ofFile(extension: fileExtension) }

    /// Whether it is media, to be looked into.
    var isMedia: Bool {
        guard !Self.archives.contains(fileExtension.lowercased()) else { return false }
        return switch port.kind {
        case .image, .video, .audio, .mask: true
        case .text, .number, .json, .model: false
        }
    }

    private static let archives: Set<String> = ["zip", "tar", "gz", "tgz", "7z", "xz", "zst"]
}

/// A finished take's media and all that its take will say about it.
struct FinishedFile: Sendable {
    /// The media.
    var output: FinishedOutput
    /// The other outputs, which go beside it.
    var companions: [FinishedOutput]
    /// The absolute path of its thumbnail; nil for media without a picture.
    var thumbnail: String?
    /// The effective parameters.
    var parameters: [String: JSONValue]
    var inputs: [TakeSidecar.Input]
    /// What made it, beyond what the job says.
    var origin: TakeOrigin
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
    /// The bytes are where large files are kept for good, so that a commit and a row may name them.
    case kept
    /// The file is an LFS object.
    case stored
    /// The file stands in its place, the thumbnail in its.
    case placed
    /// Git has the commit; PostgreSQL does not know it yet.
    case committed
    /// The closing statements were made; the transaction is still open.
    case closing

    /// Those of a job without a take, in their order.
    static let ofFiles: [PublishingStep] = [.recorded, .stored, .placed, .closing]
}
