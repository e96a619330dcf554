import CGit2
public import FoundationEssentials
public import StudioSystem

/// One commit of the history.
public struct LogEntry: Hashable, Sendable {
    /// The commit.
    public let id: CommitID
    /// Who made the change.
    public let authorName: String
    /// The author's address.
    public let authorEmail: String
    /// When the change was made.
    public let time: Date
    /// The whole message.
    public let message: String

    /// The first line of the message.
    public var subject: String { String(message.prefix { $0 != "\n" }) }
}

extension GitRepository {
    /// The commit HEAD names; nil where there is none yet. Blocks.
    ///
    /// - Returns: The commit.
    /// - Throws: `GitError`, `corrupt` where HEAD cannot be read.
    public func headCommit() throws(GitError) -> CommitID? {
        try HeadPosition(of: handle).tip.map { CommitID($0) }
    }

    /// The branch HEAD is on, without `refs/heads/`; nil where HEAD is detached. Blocks.
    ///
    /// - Returns: The branch's name.
    /// - Throws: `GitError`, `corrupt` where HEAD cannot be read.
    public func currentBranch() throws(GitError) -> String? {
        let reference = try HeadPosition(of: handle).reference
        return reference.hasPrefix("refs/heads/") ? String(reference.dropFirst(11)) : nil
    }

    /// The newest commits of HEAD, newest first. Blocks.
    ///
    /// - Parameter limit: The most entries, 1…10,000.
    /// - Returns: The entries; empty where there is no commit yet.
    /// - Throws: `GitError` where the history cannot be read.
    public func log(limit: Int) throws(GitError) -> [LogEntry] {
        guard (1...10_000).contains(limit) else { throw GitError(.invalid, message: "a log has 1 to 10,000 entries") }
        guard let tip = try HeadPosition(of: handle).tip else { return [] }
        let walk = try GitHandle("reading the history", free: git_revwalk_free) {
            git_revwalk_new(&$0, handle.pointer)
        }
        var start = tip.oid
        try git("reading the history", git_revwalk_sorting(walk.pointer, GIT_SORT_TOPOLOGICAL.rawValue))
        try git("reading the history", git_revwalk_push(walk.pointer, &start))
        var entries: [LogEntry] = []
        var oid = git_oid()
        while entries.count < limit {
            let status = git_revwalk_next(&oid, walk.pointer)
            if status == GIT_ITEROVER.rawValue { break }
            try git("reading the history", status)
            entries.append(try logEntry(ObjectID(oid)))
        }
        return entries
    }

    /// A commit as the history tells it.
    func logEntry(_ id: ObjectID) throws(GitError) -> LogEntry {
        var oid = id.oid
        let commit = try GitHandle("reading a commit", free: git_commit_free) {
            git_commit_lookup(&$0, handle.pointer, &oid)
        }
        let author = Signature(git_commit_author(commit.pointer))
        return LogEntry(
            id: CommitID(id), authorName: author?.name ?? "", authorEmail: author?.email ?? "",
            time: Date(timeIntervalSince1970: Double(author?.seconds ?? 0)),
            message: git_commit_message(commit.pointer).map { String(cString: $0) } ?? "")
    }

    /// The bytes Git keeps for a file: the pointer's text for one that goes through LFS. Blocks.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - commit: The commit to look in.
    ///   - bound: The most bytes; default 64 MiB.
    /// - Returns: The bytes; nil where the commit has no such file.
    /// - Throws: `GitError`, `notFound` where there is no such commit, `invalid` where the file is longer than the bound.
    public func blob(
        _ path: RelativePath, at commit: CommitID, atMost bound: Int = CommitRequest.longestFile
    ) throws(GitError) -> [UInt8]? {
        try GitError.translating {
            let tree = try BaseTree(of: commit.object, in: handle)
            guard case .blob(let id) = try tree.entry(at: path.text) else { return nil }
            return try blob(id, atMost: bound)
        }
    }

    /// The content of a blob; nil where there is none of that name.
    func blob(_ id: ObjectID, atMost bound: Int) throws(GitError) -> [UInt8]? {
        var oid = id.oid
        let found = try GitHandle.find("reading an object", free: git_blob_free) {
            git_blob_lookup(&$0, handle.pointer, &oid)
        }
        guard let blob = found else { return nil }
        let size = Int(git_blob_rawsize(blob.pointer))
        guard size <= bound else { throw GitError(.invalid, message: "the file is longer than \(bound) bytes") }
        guard let bytes = git_blob_rawcontent(blob.pointer) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: size))
    }
}
