import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// A file that goes beside a take's media, from an output that is not the primary one.
struct TakeCompanion: Sendable {
    let output: FinishedOutput
    let content: FileHash
    /// Its place below the project's folder: `<take>.<port>.<extension>`.
    let path: String

    init(_ output: FinishedOutput, content: FileHash, beside take: TakeRecord) {
        self.output = output
        self.content = content
        path = WorkspaceLayout.filePath(
            port: output.port.name, fileExtension: output.fileExtension, primary: take.path, isPrimary: false,
            job: take.job.description)
    }

    /// Its row.
    var row: FinishedJobFile {
        FinishedJobFile(
            port: output.port.name, path: path, isPrimary: false, mediaType: output.mediaType,
            sha256: content.digest.hex, sizeBytes: content.size)
    }

    /// What the take's sidecar says of it.
    var told: TakeSidecar.Companion {
        TakeSidecar.Companion(
            port: output.port.name, fileName: path.split(separator: "/").last.map(String.init) ?? path,
            sha256: content.digest.hex, sizeBytes: content.size)
    }
}
