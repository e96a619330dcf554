import QueueProtocol
import StudioCore
import StudioSystem

/// The function that publishes what a node of a canvas has made: the file as it is, as a take or an export.
///
/// It is no entry of the catalogue, since nobody asks for it but a run; its revisions are kept as those of other functions
/// are.
enum PublishFunction {
    static let name = "publish"
    static let input = "source"

    /// The function for one kind of file.
    ///
    /// - Parameters:
    ///   - kind: What the file is.
    ///   - fileExtension: Its extension, without a dot.
    /// - Returns: The function with the digest of its manifest.
    /// - Throws: `StudioError` where there is no such file.
    static func revision(
        kind: FunctionManifest.Port.Kind, fileExtension: String
    ) throws -> (manifest: FunctionManifest, digest: String) {
        let type = JSONValue.string(kind.rawValue)
        let document: JSONValue = [
            "name": .string(name), "version": "1.0.0", "title": "Publish",
            "description": "Publishes what a node of a canvas has made: the file as it is, as a take or an export.",
            "category": "Operations", "parameters": ["type": "object", "properties": [:]],
            "inputs": [input: ["type": type, "required": true]],
            "outputs": ["file": ["type": type, "extension": .string(fileExtension), "primary": true]],
            "quality": ["low": [:], "standard": [:], "high": [:]], "cost": ["credits": 0, "perSecond": 0],
            "timeoutSeconds": 3600, "retry": ["maxAttempts": 5],
            "resources": ["queue": .string(StudioKeys.defaultQueue)],
            "runner": ["kind": "builtin", "operation": .string(name)],
        ]
        return (try FunctionManifest(document), SHA256.hex(of: try JSONText.compact(document, sortedKeys: true)))
    }
}
