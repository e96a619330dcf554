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
        var size: Int64
        /// When its content and when anything of it changed last.
        var times: [Int64]

        init(_ status: stat) {
            (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
            times = [status.st_mtim, status.st_ctim].flatMap { [Int64($0.tv_sec), Int64($0.tv_nsec)] }
        }

        /// Whether it was left alone for so long that a change from now on shows in its times: two within one tick of the
        /// file system's clock cannot be told apart.
        var isSettled: Bool {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return times[2] < Int64(now.tv_sec) - 2
        }
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
            // What changed while it was read is known as neither.
            guard look.isSettled, Self.look(directory, relative) == look else {
                return ModelFile(name: model.path, path: path, sha256: content.digest.hex)
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
        return Look(status)
    }
}
