import StudioCore
import Synchronization

/// What is told of a file's bytes without the bytes: remembered, so that lists and histories do not read them again.
final class CanvasDigests: Sendable {
    /// What a file says.
    struct Digest: Sendable, Hashable {
        /// The tag of its canvas; nil where it is none.
        var etag: String?
        var nodes = 0
        var edges = 0
        /// Why it is no canvas.
        var problem: String?
    }

    /// Beyond so many all are forgotten.
    private static let most = 10_000

    private let known = Mutex<[String: Digest]>([:])

    /// Whether a file is remembered.
    func knows(_ blob: String) -> Bool { known.withLock { $0[blob] != nil } }

    /// The digest of a file.
    ///
    /// - Parameters:
    ///   - blob: Git's name for its bytes.
    ///   - bytes: The bytes, asked for where they are not remembered; nil where they are not to be had.
    /// - Returns: The digest.
    /// - Throws: What `bytes` throws.
    func digest(_ blob: String, _ bytes: () throws -> [UInt8]?) throws -> Digest {
        if let found = known.withLock({ $0[blob] }) { return found }
        guard let bytes = try bytes() else { return Digest(problem: "its bytes are missing") }
        var digest = Digest()
        do {
            let version = try CanvasVersion(reading: bytes)
            digest = Digest(
                etag: version.etag.opaque, nodes: version.document.nodes.count, edges: version.document.edges.count)
        } catch let error as StudioError {
            digest.problem = error.detail
        }
        let made = digest
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[blob] = made
        }
        return made
    }
}
