import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

extension RunningStudio {
    /// A take published as a worker publishes it.
    ///
    /// - Parameters:
    ///   - text: What is in its file.
    ///   - project: The project, which is there.
    ///   - thumbnail: What is in its thumbnail; nil for none.
    ///   - beside: What is in the file of its further output `notes`; nil for none.
    /// - Returns: The take.
    /// - Throws: What went wrong on the way.
    func take(
        _ text: String, in project: ProjectRecord, thumbnail: String? = nil, beside: String? = nil
    ) async throws -> TakeRecord {
        let reply = try await submit(
            #"{"shot": "SHOT-010", "function": "mock-video", "parameters": {"prompt": "x"}}"#, project: project.name)
        let id = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
        return try await take(text, of: id, in: project, thumbnail: thumbnail, beside: beside)
    }

    /// The take of a job that is queued, published as a worker publishes it.
    func take(
        _ text: String, of id: JobID, in project: ProjectRecord, thumbnail: String? = nil, beside: String? = nil
    ) async throws -> TakeRecord {
        let (jobs, takes) = (JobStore(parts.database), TakeStore(parts.database))
        let claim = try #require(
            try await jobs.claim([id], worker: WorkerID(), name: "test", lease: .seconds(300)).first)
        let held = HeldClaim(job: id, attempt: claim.attempt)
        let allocated = try await takes.allocate(held, fileExtension: "mp4", mediaType: "video/mp4")
        let digest = SHA256.digest(of: text.utf8)
        let content = FileHash(digest: digest, size: Int64(text.utf8.count))
        let notes = beside.map { beside in
            FinishedJobFile(
                port: "notes",
                path: WorkspaceLayout.filePath(
                    port: "notes", fileExtension: "json", primary: allocated.path, isPrimary: false,
                    job: id.description),
                isPrimary: false, mediaType: "application/json", sha256: SHA256.digest(of: beside.utf8).hex,
                sizeBytes: Int64(beside.utf8.count))
        }
        _ = try await takes.recordFile(
            held, sha256: digest.hex, sizeBytes: content.size, companions: notes.map { [$0] } ?? [])
        let folder = ground.projectPath(project.name)
        if let thumbnail {
            try ground.workspace.write(
                thumbnail.utf8, to: "Projects/\(project.name)/\(WorkspaceLayout.thumbnails)/\(allocated.id).jpg")
        }
        return try await takes.withProjectWriter(held, project: project.id) { connection in
            try ground.workspace.write(text.utf8, to: "Projects/\(project.name)/\(allocated.path)")
            if let notes, let beside {
                try ground.workspace.write(beside.utf8, to: "Projects/\(project.name)/\(notes.path)")
            }
            let repository = try GitRepository(at: folder)
            let file = try RelativePath(allocated.path)
            try repository.lfs.add(file: "\(folder)/\(allocated.path)", content: content)
            let sidecar: JSONValue = [
                "take": .string(allocated.id.description), "job": .string(id.description),
                "sha256": .string(digest.hex),
            ]
            let name = try #require(
                TakeName(fileName: allocated.path.split(separator: "/").last.map(String.init) ?? ""))
            let commit = try repository.commit(
                CommitRequest(
                    entries: [
                        file: .largeFile(content),
                        try RelativePath(name.sidecarPath): .bytes(Array(try JSONText.document(sidecar))),
                    ], author: .init(name: "Ada", email: "ada@example.com"),
                    time: Date(), message: "Take"))
            return try takes.publish(
                PublishedTake(
                    take: allocated.id, job: id, attempt: claim.attempt, sha256: digest.hex, sizeBytes: content.size,
                    probe: ["seconds": 2], provenance: ["seed": 7], commit: commit.hex,
                    hasThumbnail: thumbnail != nil),
                on: connection
            ).take
        }
    }
}
