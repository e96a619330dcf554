import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The finished file of an earlier attempt, as its take's row remembers it.
struct LeftFile: Sendable {
    /// Where it is now.
    var path: String
    /// The attempt that made it.
    var attempt: Int

    /// Looks where a crash may have left the file: the earlier attempt's scratch folder, the LFS objects, its place.
    /// Blocks.
    ///
    /// - Parameters:
    ///   - take: The row, with the hash of the finished file.
    ///   - folder: The project.
    ///   - scratch: The scratch folder of the attempt that asks; a file in the earlier attempt's moves there.
    /// - Returns: The file; nil where none of these is whole, so that it must be made again.
    static func find(of take: TakeRecord, in folder: ProjectFolder, into scratch: String) -> LeftFile? {
        guard let sha256 = take.sha256, let digest = SHA256Digest(hex: sha256), let size = take.sizeBytes,
            let attempt = take.attempt
        else { return nil }
        let content = FileHash(digest: digest, size: size)
        let name = take.path.split(separator: "/").last.map(String.init) ?? "take"
        let earlier = folder.scratch(of: AttemptKey(job: take.job, attempt: attempt))
        for file in WorkspaceFolders.names(in: earlier) where isWhole("\(earlier)/\(file)", content) {
            let path = "\(scratch)/\(name)"
            if rename("\(earlier)/\(file)", path) == 0 { return LeftFile(path: path, attempt: attempt) }
        }
        // No further link is made to these: it would change what Git's index knows of the file.
        let object = "\(folder.path)/.git/lfs/objects/\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)"
        for path in [object, "\(folder.path)/\(take.path)"] where isWhole(path, content) {
            return LeftFile(path: path, attempt: attempt)
        }
        return nil
    }

    private static func isWhole(_ path: String, _ content: FileHash) -> Bool {
        RegularFile.size(of: path) == content.size && (try? FileHash(file: path)) == content
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
