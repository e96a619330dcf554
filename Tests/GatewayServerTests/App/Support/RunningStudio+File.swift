import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

extension RunningStudio {
    /// The files of a queued job without a take, published as a worker publishes them.
    ///
    /// - Parameters:
    ///   - texts: What is in the file of each output; the first is the primary one.
    ///   - id: The job.
    ///   - project: Its project.
    /// - Throws: What went wrong on the way.
    func files(_ texts: [(port: String, text: String)], of id: JobID, in project: ProjectRecord) async throws {
        let (jobs, files) = (JobStore(parts.database), JobFileStore(parts.database))
        let claim = try #require(
            try await jobs.claim([id], worker: WorkerID(), name: "test", lease: .seconds(300)).first)
        let held = HeldClaim(job: id, attempt: claim.attempt)
        let finished = texts.enumerated().map { index, item in
            FinishedJobFile(
                port: item.port,
                path: WorkspaceLayout.filePath(
                    port: item.port, fileExtension: "png", primary: claim.destination.path, isPrimary: index == 0,
                    job: id.description),
                isPrimary: index == 0, mediaType: "image/png", sha256: SHA256.digest(of: item.text.utf8).hex,
                sizeBytes: Int64(item.text.utf8.count))
        }
        for (file, item) in zip(finished, texts) {
            try ground.workspace.write(item.text.utf8, to: "Projects/\(project.name)/\(file.path)")
        }
        try await files.record(FileRecording(held, finished))
        try await files.publish(FilePublication(held))
    }
}
