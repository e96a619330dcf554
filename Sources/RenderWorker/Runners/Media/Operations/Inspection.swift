import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// What the source is, as a document: the container, each stream and its times.
    func probe(_ report: @escaping MediaProgressReport) throws { try MediaProbe.read(path: source()).write(to: output) }

    /// Probes the source, and makes its thumbnail where it has a picture.
    func inspect() throws -> JSONValue {
        if let count = try StillArchive.countEntries(path: source()) {
            return ["probe": ["container": "zip", "entries": .integer(Int64(count))], "hasThumbnail": .bool(false)]
        }
        let probe = try MediaProbe.read(path: source())
        var hasThumbnail = false
        if probe.video != nil {
            try Thumbnail(input: source(), maxWidth: 480, maxHeight: 480).render(to: output)
            hasThumbnail = true
        }
        let document = try JSONText.decode(JSONValue.self, from: try JSONText.compact(probe))
        return ["probe": document, "hasThumbnail": .bool(hasThumbnail)]
    }
}
