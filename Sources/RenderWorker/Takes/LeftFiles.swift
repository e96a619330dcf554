import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The finished files of an earlier attempt, as the job's rows remember them.
struct LeftFiles: Sendable {
    /// Where they are now, by their outputs.
    var paths: [String: String]
    /// The attempt that made them.
    var attempt: Int

    /// Looks where a crash may have left the files: the earlier attempt's scratch folder, the LFS objects, their places.
    /// Blocks.
    ///
    /// - Parameters:
    ///   - job: The job, with what its rows say of finished files.
    ///   - primary: The primary output.
    ///   - folder: The project.
    ///   - scratch: The scratch folder of the attempt that asks; files in the earlier attempt's move there.
    /// - Returns: The files; nil where one of them is nowhere whole, so that all must be made again.
    static func find(
        of job: ClaimedJob, primary: FunctionManifest.Port, in folder: ProjectFolder, into scratch: String
    ) -> LeftFiles? {
        var noted = job.notedFiles.map {
            Noted(port: $0.port, path: $0.path, sha256: $0.sha256, size: $0.sizeBytes, attempt: $0.attempt)
        }
        if job.destination == .take {
            guard let take = job.take, take.publishedAt == nil, let sha256 = take.sha256, let size = take.sizeBytes,
                let attempt = take.attempt
            else { return nil }
            noted.append(Noted(port: primary.name, path: take.path, sha256: sha256, size: size, attempt: attempt))
        }
        guard let attempt = noted.map(\.attempt).max() else { return nil }
        var paths: [String: String] = [:]
        for file in noted {
            guard let path = file.find(of: job.id, in: folder, into: scratch) else { return nil }
            paths[file.port] = path
        }
        return LeftFiles(paths: paths, attempt: attempt)
    }

    private struct Noted {
        var port: String
        var path: String
        var sha256: String
        var size: Int64
        var attempt: Int

        func find(of job: JobID, in folder: ProjectFolder, into scratch: String) -> String? {
            guard let digest = SHA256Digest(hex: sha256) else { return nil }
            let content = FileHash(digest: digest, size: size)
            let name = path.split(separator: "/").last.map(String.init) ?? port
            let earlier = folder.scratch(of: AttemptKey(job: job, attempt: attempt))
            for file in WorkspaceFolders.names(in: earlier) where Self.isWhole("\(earlier)/\(file)", content) {
                let path = "\(scratch)/\(name)"
                if rename("\(earlier)/\(file)", path) == 0 { return path }
            }
            // No further link is made to these: it would change what Git's index knows of the file.
            let object =
                "\(folder.path)/.git/lfs/objects/\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)"
            return [object, "\(folder.path)/\(path)"].first { Self.isWhole($0, content) }
        }

        private static func isWhole(_ path: String, _ content: FileHash) -> Bool {
            RegularFile.size(of: path) == content.size && (try? FileHash(file: path)) == content
        }
    }
}

/// Looks at files without following symbolic links.
enum RegularFile {
    /// The size of a regular file; nil where there is none of that path.
    static func size(of path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }
}
