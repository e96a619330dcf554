import StudioSystem
import StudioTestKit

/// A storage that gives one object's bytes, when the test says so.
struct ScriptedStorage: ObjectStorage {
    /// Fires when a fetch begins.
    let begun = Signal("a fetch begins")
    /// Lets fetches go on.
    let goOn = Signal("fetches go on")
    /// Fires when a fetch ends by its task's cancellation.
    let cancelled = Signal("a fetch is cancelled")
    let bytes: [UInt8]

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    var name: String { "scripted" }
    var isLocal: Bool { false }

    func put(_ content: FileHash, from file: String, of home: ObjectHome) async throws(StorageError) {}

    func contains(_ content: FileHash, of home: ObjectHome) async throws(StorageError) -> Bool { true }

    func fetch(_ content: FileHash, to file: String, of home: ObjectHome) async throws(StorageError) {
        begun.fire()
        do {
            try await goOn.wait()
            try DurableFile.write(bytes, to: FileDestination(path: file))
        } catch {
            if Task.isCancelled { cancelled.fire() }
            throw StorageError(Task.isCancelled ? .cancelled : .fileFailed, "the fetch ended: \(error)")
        }
    }

    func remove(_ digest: SHA256Digest, of home: ObjectHome) async throws(StorageError) {}

    func list(of home: ObjectHome, after last: SHA256Digest?) async throws(StorageError) -> [FileHash] { [] }

    func link(to content: FileHash, of home: ObjectHome, _ terms: ObjectLinkTerms) -> String? { nil }

    func check() async throws(StorageError) {}
}
