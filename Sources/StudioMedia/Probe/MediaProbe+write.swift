import FoundationEssentials
import QueueProtocol

extension MediaProbe {
    /// Writes the probe as a JSON document: keys sorted, two spaces of indent.
    ///
    /// - Parameter path: Where; a file that is there is replaced.
    /// - Throws: `MediaError` with `outputFailed` or `storageFull`; then nothing is left there.
    public func write(to path: String) throws {
        let output = try OutputFile(path: path)
        let document = try JSONText.decode(JSONValue.self, from: try JSONText.compact(self))
        try output.write(Array(try JSONText.document(document)))
        output.keep()
    }
}
