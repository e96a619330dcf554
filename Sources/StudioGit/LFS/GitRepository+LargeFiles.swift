import CGit2
public import StudioSystem

/// A file that goes through LFS.
public struct LargeFile: Hashable, Sendable {
    /// Its path, as Git knows it.
    public let path: String
    /// What its pointer names.
    public let content: FileHash
}

extension GitRepository {
    /// The files of the index whose blobs are LFS pointers. Blocks.
    ///
    /// - Returns: The files, in the order of their paths.
    /// - Throws: `GitError` where the index or an object cannot be read.
    public func largeFiles() throws(GitError) -> [LargeFile] {
        let index = try GitHandle("reading the index", free: git_index_free) {
            git_repository_index(&$0, handle.pointer)
        }
        var files: [LargeFile] = []
        for position in 0..<git_index_entrycount(index.pointer) {
            guard let entry = git_index_get_byindex(index.pointer, position)?.pointee, let path = entry.path else {
                continue
            }
            let bytes: [UInt8]?
            do throws(GitError) {
                bytes = try blob(ObjectID(entry.id), atMost: LFSPointer.longest)
            } catch {
                // What is longer is no pointer.
                guard error.code == .invalid else { throw error }
                continue
            }
            guard let bytes, let pointer = LFSPointer(parsing: bytes) else { continue }
            files.append(LargeFile(path: String(cString: path), content: pointer.content))
        }
        return files
    }
}
