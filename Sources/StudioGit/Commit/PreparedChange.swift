import CGit2
import StudioSystem

/// A commit's content, with every blob in the object database already: what can be put on top of any tip.
struct PreparedChange {
    /// One path's new content.
    struct Entry {
        let blob: ObjectID
        /// The large file the blob points to; nil for a blob that is the file's bytes.
        let largeFile: FileHash?
    }

    var entries: [RelativePath: Entry]
    var removals: Set<RelativePath>
    var author: Signature
    var message: String

    /// The first line of the message.
    var subject: Substring { message.prefix { $0 != "\n" } }
}

extension GitRepository {
    /// Checks a request and writes its blobs. Nothing a person can see is changed.
    func prepare(_ request: CommitRequest) throws -> PreparedChange {
        guard !request.entries.isEmpty || !request.removals.isEmpty else {
            throw GitError(.invalid, message: "the commit changes nothing")
        }
        if let path = request.removals.first(where: { request.entries[$0] != nil }) {
            throw GitError(.invalid, message: "the commit both writes and removes \(path.text)")
        }
        for path in request.entries.keys {
            var above = path.parent
            while let folder = above {
                if request.entries[folder] != nil {
                    throw GitError(.invalid, message: "\(folder.text) cannot be both a file and a folder")
                }
                above = folder.parent
            }
        }
        var message = request.message.replacing("\r\n", with: "\n")
        guard !message.utf8.contains(0), message.contains(where: { !$0.isWhitespace }) else {
            throw GitError(.invalid, message: "a commit needs a message")
        }
        if !message.hasSuffix("\n") { message += "\n" }
        return PreparedChange(
            entries: try request.entries.reduce(into: [:]) { $0[$1.key] = try entry($1.key, $1.value) },
            removals: request.removals, author: try Signature(request.author, time: request.time), message: message)
    }

    private func entry(_ path: RelativePath, _ content: CommitRequest.Content) throws -> PreparedChange.Entry {
        let isLarge = try isLargeFile(path)
        switch content {
        case .largeFile(let hash):
            guard isLarge else {
                throw GitError(.invalid, message: "\(path.text) does not go through Git LFS by .gitattributes")
            }
            guard lfs.contains(hash) else {
                throw GitError(
                    .corrupt, message: "the large file's bytes are missing", detail: lfs.path(of: hash.digest))
            }
            // git-lfs keeps an empty file as it is: a pointer to nothing would not be canonical.
            let blob = try writeBlob(hash.size == 0 ? [] : Array(LFSPointer(hash).text.utf8))
            return PreparedChange.Entry(blob: blob, largeFile: hash)
        case .bytes(let bytes):
            try refuseLarge(path, isLarge, bytes.count)
            return PreparedChange.Entry(blob: try writeBlob(bytes), largeFile: nil)
        case .workingFile:
            let file = try workingDirectory.open(path)
            let bytes = try FileBytes.contents(
                of: file.raw, path: workingDirectory.absolutePath(of: path), atMost: CommitRequest.longestFile)
            try refuseLarge(path, isLarge, bytes.count)
            return PreparedChange.Entry(blob: try writeBlob(bytes), largeFile: nil)
        }
    }

    private func refuseLarge(_ path: RelativePath, _ isLarge: Bool, _ count: Int) throws {
        guard !isLarge else { throw GitError(.invalid, message: "\(path.text) goes through Git LFS by .gitattributes") }
        guard count <= CommitRequest.longestFile else {
            throw GitError(.invalid, message: "\(path.text) is too long to be kept without Git LFS")
        }
    }

    /// Writes bytes into the object database.
    func writeBlob(_ bytes: [UInt8]) throws -> ObjectID {
        var oid = git_oid()
        try git("writing an object", git_blob_create_from_buffer(&oid, handle.pointer, bytes, bytes.count))
        return ObjectID(oid)
    }

    /// The name the bytes would have as a blob.
    func blobName(_ bytes: [UInt8]) throws -> ObjectID {
        var oid = git_oid()
        try git("hashing a file", git_odb_hash(&oid, bytes, bytes.count, GIT_OBJECT_BLOB))
        return ObjectID(oid)
    }
}
