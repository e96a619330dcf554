import QueueProtocol
import StudioCore
import StudioPostgres
import Synchronization

/// The manifests that this worker has read, by their digests: thousands of jobs of one function are sold with the same.
final class FunctionRevisions: Sendable {
    /// How many are kept; with one more all are forgotten and read again as they come.
    static let most = 128

    private let manifests = Mutex<[String: FunctionManifest]>([:])

    /// Those that are known now.
    var known: [String: FunctionManifest] { manifests.withLock { $0 } }

    /// The manifest of the revision that a job was sold with.
    ///
    /// - Parameter job: The job, with its manifest unless that was among ``known`` when it was claimed.
    /// - Returns: The manifest.
    /// - Throws: `JobFailure` with `runner-unknown` where this worker does not understand it; another worker may.
    func manifest(of job: ClaimedJob) throws(JobFailure) -> FunctionManifest {
        if let manifest = manifests.withLock({ $0[job.functionDigest] }) { return manifest }
        do {
            let manifest = try FunctionManifest(job.manifest ?? .null)
            manifests.withLock { manifests in
                if manifests.count >= Self.most { manifests = [:] }
                manifests[job.functionDigest] = manifest
            }
            return manifest
        } catch {
            throw JobFailure(
                .runnerUnknown,
                "This worker does not understand the manifest of \(job.function) \(job.functionVersion).")
        }
    }
}
