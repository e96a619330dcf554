import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Earlier versions of canvases, as Git has them: saves of the studio and people's own commits alike.
struct CanvasHistory: Sendable {
    /// As many bytes of files are read for one answer.
    private static let mostBytes = 64 << 20
    /// As many versions are looked through for one that nobody committed as it is spelt here.
    private static let longestSearch = 200

    let folders: ProjectFolders
    let digests: CanvasDigests

    /// A version of the history.
    struct Line: Sendable, Encodable {
        let commit: String
        /// Nil where the commit removed the canvas, or has a file that is none.
        let etag: String?
        let author: String
        let at: Date
        let message: String
    }

    /// The versions of a canvas, newest first.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - project: The project.
    ///   - page: Which page; its cursor names the commit the history was begun at, so that pages fit together while people
    ///     save.
    /// - Returns: The page; shorter than asked for where the versions are large.
    /// - Throws: `StudioError` with code `not-found` where there never was such a canvas.
    func list(of name: CanvasName, in project: ProjectRecord, _ page: PageRequest) async throws -> Page<Line> {
        let cursor = try page.cursor.map { text in
            let parts = text.split(separator: ".")
            guard parts.count == 2, let tip = CommitID(hex: parts[0]), let skipped = Int(parts[1]), skipped > 0 else {
                throw PageRequest.badCursor
            }
            return (tip: tip, skipped: skipped)
        }
        return try await reading(project) { [digests] repository, check in
            guard let tip = try cursor?.tip ?? repository.headCommit() else { throw CanvasFiles.missing }
            guard try repository.hasCommit(tip) else { throw PageRequest.badCursor }
            let path = try CanvasFiles.path(name)
            let skipped = cursor?.skipped ?? 0
            let versions = try repository.versions(of: path, from: tip, skipping: skipped, limit: page.limit + 1)
            guard !versions.isEmpty || skipped > 0 else { throw CanvasFiles.missing }
            var lines: [Line] = []
            var left = Self.mostBytes
            for version in versions.prefix(page.limit) where left > 0 {
                try check()
                let digest = try version.blob.map { blob in
                    try digests.digest(blob) {
                        let bytes = try repository.bytes(named: blob)
                        left -= bytes?.count ?? 0
                        return bytes
                    }
                }
                lines.append(
                    Line(
                        commit: version.commit.id.hex, etag: digest?.etag.map { EntityTag($0).description },
                        author: version.commit.authorName, at: version.commit.time, message: version.commit.subject))
            }
            let end = skipped + lines.count
            return Page(lines, nextKey: versions.count > lines.count ? "\(tip.hex).\(end)" : nil)
        }
    }

    /// A canvas as a commit has it.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - commit: The commit, 40 hexadecimal digits.
    ///   - project: The project.
    ///   - pointer: Where the commit stands in what was sent.
    /// - Returns: The version.
    /// - Throws: `StudioError` with code `invalid` where that is no commit's name; `not-found` where it has no such canvas;
    ///   `conflict` where its file is none.
    func version(
        of name: CanvasName, at commit: String, in project: ProjectRecord, pointer: String
    ) async throws -> CanvasVersion {
        guard let id = CommitID(hex: commit) else {
            let detail = "a commit is named by 40 lower-case hexadecimal digits"
            throw StudioError.invalid([Finding(pointer: pointer, code: "format", detail: detail)])
        }
        return try await reading(project) { repository, _ in
            let missing = StudioError(.notFound, "there is no such commit, or it has no such canvas")
            guard try repository.hasCommit(id), let bytes = try repository.blob(CanvasFiles.path(name), at: id) else {
                throw missing
            }
            let version = try CanvasFiles.readable(Self.content(of: bytes), name)
            if bytes != version.text, project.archivedAt == nil { try repository.keep(version.text) }
            return version
        }
    }

    /// The commit that a version of a canvas came with, where that is the newest one.
    ///
    /// - Parameters:
    ///   - tag: The version.
    ///   - name: The canvas.
    ///   - project: The project.
    /// - Returns: The commit in hexadecimal; nil where the version is not committed, or another one was since.
    /// - Throws: `StudioError`.
    func commit(
        of tag: EntityTag, _ name: CanvasName, in project: ProjectRecord
    ) async throws -> String? {
        try await reading(project) { [digests] repository, _ in
            guard let newest = try repository.versions(of: CanvasFiles.path(name), limit: 1).first,
                let blob = newest.blob
            else { return nil }
            let digest = try digests.digest(blob) { try repository.bytes(named: blob) }
            return digest.etag == tag.opaque ? newest.commit.id.hex : nil
        }
    }

    private static func content(of bytes: [UInt8]) throws -> Result<CanvasVersion, StudioError> {
        do {
            return .success(try CanvasVersion(reading: bytes))
        } catch let error as StudioError { return .failure(error) }
    }

    /// The version that a tag names. Blocks.
    ///
    /// A tag is Git's own name for the text it is of: what was saved here, and what was read here in the last weeks, is found
    /// by it at once. Otherwise the newest versions are read again.
    ///
    /// - Parameters:
    ///   - tag: The tag.
    ///   - name: The canvas.
    ///   - repository: The project's repository.
    /// - Returns: The version; nil where it is not known.
    /// - Throws: `GitError`.
    func version(
        _ tag: EntityTag, of name: CanvasName, in repository: GitRepository
    ) throws -> CanvasVersion? {
        if let bytes = try repository.bytes(named: tag.opaque), let version = try? CanvasVersion(reading: bytes) {
            return version
        }
        var left = Self.mostBytes
        for version in try repository.versions(of: CanvasFiles.path(name), limit: Self.longestSearch) where left > 0 {
            guard let blob = version.blob else { continue }
            let digest = try digests.digest(blob) {
                let bytes = try repository.bytes(named: blob)
                left -= bytes?.count ?? 0
                return bytes
            }
            guard digest.etag == tag.opaque, let bytes = try repository.bytes(named: blob) else { continue }
            return try? CanvasVersion(reading: bytes)
        }
        return nil
    }

    /// What was changed in a canvas since a version, and who did it.
    ///
    /// - Parameters:
    ///   - name: The canvas.
    ///   - project: The project.
    ///   - base: The version; nil knows of nothing.
    /// - Returns: The tag of what is there now, and the changes; nil where the version is not known, or one of the two cannot
    ///   be compared.
    /// - Throws: `StudioError`.
    func changes(
        of name: CanvasName, in project: ProjectRecord, since base: EntityTag?
    ) async throws -> (current: EntityTag, changes: [CanvasChange])? {
        guard let base else { return nil }
        return try await reading(project) { repository, check in
            let path = try CanvasFiles.path(name)
            guard let present = try CanvasFiles.Present(path, in: repository.workingDirectory),
                case .success(let current) = present.content,
                let began = try version(base, of: name, in: repository),
                let changes = try? CanvasChange.between(began.document.json, current.document.json)
            else { return nil }
            let steps = try steps(to: present, current, since: base, at: path, in: repository, check)
            return (current.etag, CanvasChange.attributing(changes, to: steps))
        }
    }

    /// What was changed from each version to the next, the oldest first; none where the base is not among the newest.
    private func steps(
        to present: CanvasFiles.Present, _ current: CanvasVersion, since base: EntityTag, at path: RelativePath,
        in repository: GitRepository, _ check: () throws -> Void
    ) throws -> [(changes: [CanvasChange], by: String?, at: Date?)] {
        var steps: [(changes: [CanvasChange], by: String?, at: Date?)] = []
        var later = current.document.json
        // What is in the folder and not committed is nobody's that we know of.
        var maker: LogEntry?
        var left = Self.mostBytes
        for version in try repository.versions(of: path, limit: Self.longestSearch) {
            try check()
            guard left > 0, let blob = version.blob, let bytes = try repository.bytes(named: blob) else { return [] }
            left -= bytes.count
            guard let earlier = try? CanvasVersion(reading: bytes) else { return [] }
            let document = earlier.document.json
            if document != later {
                guard let changes = try? CanvasChange.between(document, later) else { return [] }
                steps.insert((changes, maker?.authorName, maker?.time), at: 0)
            }
            if earlier.etag == base { return steps }
            (later, maker) = (document, version.commit)
        }
        return []
    }

    private func reading<Result: Sendable>(
        _ project: ProjectRecord,
        _ body: @escaping @Sendable (GitRepository, _ check: @Sendable () throws -> Void) throws -> Result
    ) async throws -> Result {
        try await folders.interruptible(bytes: ProjectFolders.largeBytes) { [folders] check in
            try folders.translating {
                try ProjectRepository.translating {
                    try body(GitRepository(at: folders.open(project).path), check)
                }
            }
        }
    }
}
