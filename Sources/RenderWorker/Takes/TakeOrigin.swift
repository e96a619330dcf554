import FoundationEssentials
import QueueProtocol
import StudioCore

/// What made a take's file beyond what its job says: the runner's own account, and the model files it read.
struct TakeOrigin: Sendable, Hashable {
    /// Beside the made file, so that an attempt that publishes what an earlier one made still knows.
    private static let file = ".origin.json"

    /// As the take's sidecar says it; empty where nothing is known.
    let document: [String: JSONValue]

    /// Nothing is known: the file was made by an attempt whose scratch folder is gone.
    init() { document = [:] }

    /// - Parameters:
    ///   - result: What the runner made.
    ///   - runner: The runner's kind.
    ///   - models: The model files that it read.
    init(_ result: RunResult, runner: String, models: [ModelFile]) {
        var document = result.provenance
        document["kind"] = .string(runner)
        if !models.isEmpty {
            document["models"] = .array(
                models.map { ["path": .string($0.name), "sha256": .string($0.sha256)] })
        }
        self.document = document
    }

    /// Writes it down in an attempt's scratch folder. Blocks.
    ///
    /// - Throws: `JobFailure` with `storage-full` or `runner-failed`.
    func keep(in scratch: String) throws(JobFailure) {
        do {
            try JSONText.document(.object(document)).write(to: URL(filePath: "\(scratch)/\(Self.file)"))
        } catch let error as CocoaError where error.code == .fileWriteOutOfSpace {
            throw JobFailure(.storageFull, "What made the file could not be noted: no space is left on the storage.")
        } catch {
            throw JobFailure(.runnerFailed, "What made the file could not be noted.")
        }
    }

    /// What an earlier attempt has noted, kept from now on beside the file that was moved into a later one's scratch folder.
    /// Blocks.
    static func moved(from earlier: String, to scratch: String) -> TakeOrigin {
        guard let bytes = FileManager.default.contents(atPath: "\(earlier)/\(file)"),
            let document = try? JSONText.decode(JSONValue.self, from: bytes).objectValue
        else { return TakeOrigin() }
        try? FileManager.default.moveItem(atPath: "\(earlier)/\(file)", toPath: "\(scratch)/\(file)")
        return TakeOrigin(document: document)
    }

    private init(document: [String: JSONValue]) { self.document = document }
}
