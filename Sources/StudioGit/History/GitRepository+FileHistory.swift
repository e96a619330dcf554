import CGit2
public import StudioSystem

/// A commit that changed a file.
public struct FileVersion: Hashable, Sendable {
    /// The commit.
    public let commit: LogEntry
    /// Git's name for the file's bytes from that commit on; nil where it removed the file.
    public let blob: String?
}

extension GitRepository {
    /// As many commits are looked at for the history of a file; what is older is not told.
    public static let longestSearch = 100_000

    /// The commits that changed a file, newest first, as `git log -- <path>` finds them. Blocks.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - tip: Where the history begins; default HEAD.
    ///   - skipped: How many of the newest are left out; default none.
    ///   - limit: How many at most.
    /// - Returns: The versions; of branches that were merged, those that the present one came from.
    /// - Throws: `GitError`, `notFound` where there is no such commit.
    public func versions(
        of path: RelativePath, from tip: CommitID? = nil, skipping skipped: Int = 0, limit: Int
    ) throws(GitError) -> [FileVersion] {
        try GitError.translating {
            let head = tip == nil ? try HeadPosition(of: handle).tip : nil
            guard let start = tip?.object ?? head else { return [] }
            var walk = PathWalk(path: path.text, start: start, bound: Self.longestSearch)
            var versions: [FileVersion] = []
            var left = skipped
            while versions.count < limit, let step = try walk.next(in: handle) {
                guard left == 0 else {
                    left -= 1
                    continue
                }
                versions.append(
                    FileVersion(commit: try logEntry(step.commit), blob: step.object?.hex))
            }
            return versions
        }
    }

    /// Whether there is a commit of that name, reached by a branch or not. Blocks.
    ///
    /// - Parameter commit: The name.
    /// - Returns: Whether it is there.
    /// - Throws: `GitError` where it cannot be read.
    public func hasCommit(_ commit: CommitID) throws(GitError) -> Bool {
        let repository = handle.pointer
        var oid = commit.object.oid
        let found = try GitHandle.find("reading a commit", free: git_commit_free) {
            git_commit_lookup(&$0, repository, &oid)
        }
        guard let kept = found else { return false }
        return git_commit_id(kept.pointer) != nil
    }

    /// The last commit that changed each file of a folder, of those that are in it now. Blocks.
    ///
    /// - Parameters:
    ///   - names: The files' names.
    ///   - folder: The folder.
    /// - Returns: The commits by name; one is missing where HEAD has no such file.
    /// - Throws: `GitError`.
    public func lastChanges(
        of names: Set<String>, in folder: RelativePath
    ) throws(GitError) -> [String: FileVersion] {
        try GitError.translating {
            guard let start = try HeadPosition(of: handle).tip else { return [:] }
            let head = try BaseTree(of: start, in: handle)
            var wanted: [String: ObjectID] = [:]
            for name in names { wanted[name] = try head.object(at: "\(folder.text)/\(name)") }
            var found: [String: FileVersion] = [:]
            var walk = PathWalk(path: folder.text, start: start, bound: Self.longestSearch)
            while !wanted.isEmpty, let step = try walk.next(in: handle) {
                let tree = try BaseTree(of: step.commit, in: handle)
                for (name, object) in wanted {
                    let path = "\(folder.text)/\(name)"
                    guard try tree.object(at: path) == object else { continue }
                    var isInherited = false
                    for parent in step.parents where try BaseTree(of: parent, in: handle).object(at: path) == object {
                        isInherited = true
                        break
                    }
                    guard !isInherited else { continue }
                    found[name] = FileVersion(commit: try logEntry(step.commit), blob: object.hex)
                    wanted[name] = nil
                }
            }
            return found
        }
    }

    /// The name that Git has for some bytes. Needs no repository.
    ///
    /// - Parameter bytes: The bytes.
    /// - Returns: 40 lower-case hexadecimal digits.
    /// - Throws: `GitError` where the Git library cannot be started.
    public static func blobName(of bytes: [UInt8]) throws(GitError) -> String {
        try GitLibrary.start()
        var oid = git_oid()
        try git("hashing a file", git_odb_hash(&oid, bytes, bytes.count, GIT_OBJECT_BLOB))
        return ObjectID(oid).hex
    }

    /// Bytes that are in the object database, reached by a commit or not. Blocks.
    ///
    /// - Parameters:
    ///   - name: Git's name for them, 40 hexadecimal digits.
    ///   - bound: The most bytes; default 64 MiB.
    /// - Returns: The bytes; nil where there are none of that name.
    /// - Throws: `GitError`, `invalid` where they are more than the bound.
    public func bytes(named name: String, atMost bound: Int = CommitRequest.longestFile) throws(GitError) -> [UInt8]? {
        guard let id = ObjectID(hex: name) else { return nil }
        return try blob(id, atMost: bound)
    }

    /// Keeps bytes in the object database without a commit: until Git's next cleaning up, and then for two weeks. Blocks.
    ///
    /// - Parameter bytes: The bytes.
    /// - Throws: `GitError`.
    public func keep(_ bytes: [UInt8]) throws(GitError) {
        try GitError.translating { _ = try writeBlob(bytes) }
    }
}

/// A way through the history along a path: from each commit to the parent that has the same at the path, to all parents
/// where none has.
private struct PathWalk {
    /// A commit that changed what is at the path.
    struct Step {
        let commit: ObjectID
        let object: ObjectID?
        let parents: [ObjectID]
    }

    private struct Place {
        let commit: ObjectID
        let time: Int64
        let object: ObjectID?
        let parents: [ObjectID]
    }

    private let path: String
    private var left: Int
    /// Those to look at next, the newest last.
    private var open: [Place] = []
    private var seen: Set<ObjectID>
    private var start: ObjectID?

    init(path: String, start: ObjectID, bound: Int) {
        self.path = path
        self.start = start
        left = bound
        seen = [start]
    }

    /// The next commit that changed what is at the path; nil after the last.
    mutating func next(in repository: borrowing GitHandle) throws -> Step? {
        if let start {
            open = [try place(start, in: repository)]
            self.start = nil
        }
        while left > 0, let here = open.popLast() {
            left -= 1
            var parents: [Place] = []
            var same: Place?
            for parent in here.parents {
                // A shallow clone ends somewhere: what is not there changed nothing.
                guard let place = try? place(parent, in: repository) else { continue }
                parents.append(place)
                if place.object == here.object {
                    same = place
                    break
                }
            }
            for parent in same.map({ [$0] }) ?? parents where seen.insert(parent.commit).inserted {
                let index = open.lastIndex { $0.time <= parent.time }.map { $0 + 1 } ?? 0
                open.insert(parent, at: index)
            }
            if same == nil, here.object != nil || !parents.isEmpty {
                return Step(commit: here.commit, object: here.object, parents: parents.map(\.commit))
            }
        }
        return nil
    }

    private func place(_ commit: ObjectID, in repository: borrowing GitHandle) throws -> Place {
        let pointer = repository.pointer
        var oid = commit.oid
        let object = try GitHandle("reading a commit", free: git_commit_free) {
            git_commit_lookup(&$0, pointer, &oid)
        }
        let commitPointer = object.pointer
        let parents = (0..<git_commit_parentcount(commitPointer)).compactMap { number in
            git_commit_parent_id(commitPointer, number).map { ObjectID($0.pointee) }
        }
        return Place(
            commit: commit, time: git_commit_time(commitPointer),
            object: try BaseTree(of: commit, in: repository).object(at: path), parents: parents)
    }
}
