import Glibc
import StudioCore
import StudioSystem
import Synchronization

/// Finds the model files that functions read: in the project's own models first, then in the studio's.
///
/// A model has gigabytes and seldom changes: its digest is worked out once, and again when the file looks different.
final class ModelFiles: Sendable {
    private struct Look: Hashable {
        var device, inode: UInt64
        var size, seconds, nanoseconds: Int64
    }

    /// How many digests are kept; with one more all are forgotten.
    private static let most = 1024

    private let root: String
    private let digests = Mutex<[Look: String]>([:])

    /// - Parameter root: The absolute path of the studio's models.
    init(root: String) { self.root = root }

    /// Finds the files and works out their digests.
    ///
    /// - Parameters:
    ///   - models: What a manifest names.
    ///   - folder: The job's project; nil where there is none.
    /// - Returns: The files, in the same order.
    /// - Throws: `JobFailure` with `input-missing` where one is in neither folder or is not the one that the manifest means;
    ///   `CancellationError`.
    func find(_ models: [FunctionManifest.Model], in folder: ProjectFolder?) async throws -> [ModelFile] {
        var found: [ModelFile] = []
        for model in models {
            try Task.checkCancellation()
            let file = try await Blocking.run { try self.find(model, in: folder) }
            if let wanted = model.sha256, wanted != file.sha256 {
                throw JobFailure(
                    .inputMissing, "The model \(model.path) is another file than the function needs.",
                    retryable: false)
            }
            found.append(file)
        }
        return found
    }

    private func find(_ model: FunctionManifest.Model, in folder: ProjectFolder?) throws -> ModelFile {
        let places = (folder.map { [($0.path, WorkspaceLayout.models + "/")] } ?? []) + [(root, "")]
        for (base, prefix) in places {
            guard let directory = try? SafeDirectory(base),
                let relative = try? RelativePath(prefix + model.path),
                let look = Self.look(directory, relative)
            else { continue }
            let path = directory.absolutePath(of: relative)
            if let known = digests.withLock({ $0[look] }) {
                return ModelFile(name: model.path, path: path, sha256: known)
            }
            guard let content = try? FileHash(file: path) else {
                throw JobFailure(.inputMissing, "The model \(model.path) cannot be read.")
            }
            digests.withLock { digests in
                if digests.count >= Self.most { digests = [:] }
                digests[look] = content.digest.hex
            }
            return ModelFile(name: model.path, path: path, sha256: content.digest.hex)
        }
        throw JobFailure(
            .inputMissing, "The model \(model.path) is neither in the project's nor in the studio's models.")
    }

    /// What a regular file looks like that is reached without a link leading out; nil where there is none.
    private static func look(_ directory: SafeDirectory, _ path: RelativePath) -> Look? {
        guard let file = try? directory.open(path) else { return nil }
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Look(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }
}
