import QueueProtocol
import StudioCore
import StudioSystem

/// Functions with the digests of their manifests: a job keeps the revision it was sold under its digest.
struct FunctionRevisions: Sendable {
    let catalogue: FunctionCatalogue
    /// SHA-256 of the manifest's canonical JSON in hexadecimal, by function name.
    let digests: [String: String]

    /// The digests of a catalogue, worked out once when it is read and not for every job.
    static func digests(of catalogue: FunctionCatalogue) -> [String: String] {
        catalogue.functions.compactMapValues { function in
            // A manifest was read from JSON: there is nothing in it that JSON cannot say.
            (try? JSONText.compact(function.document, sortedKeys: true)).map { SHA256.hex(of: $0) }
        }
    }
}
