import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Takes files in: streamed to disk and hashed on the way, then placed and committed as a person would with `git` and
/// `git lfs`, so that `git status` stays clean.
struct FileUpload: Sendable {
    /// Bytes gathered before a thread is asked to write them.
    private static let gathered = 1 << 20

    /// How often an upload is prepared whose LFS object is gone again when it is to be placed.
    private static let preparations = 3

    let folders: ProjectFolders
    let writers: ProjectWriters
    let digests: FileDigests
    /// The largest file, in bytes.
    let limit: Int64

    /// How much of an upload is there.
    enum Progress: Sendable {
        case partial(size: Int64)
        case complete(StoredFile)
    }

    /// Takes a request's body in.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - path: Where the file belongs.
    ///   - project: The project.
    ///   - caller: Who uploads.
    /// - Returns: The file, or how much of it has come.
    /// - Throws: `StudioError`: `precondition-failed`, `precondition-required`, `too-large`, `storage-full`, `conflict`
    ///   where a part does not begin where the one before ended or people's own changes would be lost. Where the parts have
    ///   all come and it was something else that failed, they are kept: asking how much has come tries again.
    func receive(
        _ request: Request, path: RelativePath, project: ProjectRecord, caller: Caller
    ) async throws -> Progress {
        let range = try UploadRange(request.headers[.contentRange])
        // Uploads of different people, or of files of different lengths, never meet.
        let key: @Sendable (Int64?) -> String = {
            "\(path.text)\n\(caller.userID)\n\($0.map(String.init) ?? UUID().uuidString)"
        }
        let condition = UploadCondition(request)
        let target = Target(path: path, condition: condition, project: project, caller: caller)
        switch range {
        case .query(let total):
            let size = try await blocking { try UploadPart.size(key: key(total), in: folders.open(project)) }
            guard size == total, total > 0 else { return .partial(size: size) }
            let part = try await blocking { try UploadPart(key: key(total), in: folders.open(project), fresh: false) }
            return .complete(try await storeParts(part, target))
        case .whole:
            let announced = request.headers[.contentLength].flatMap { Int64($0) }
            try checkSize(announced ?? 0, of: path)
            try await checkPresence(target)
            let part = try await blocking { try UploadPart(key: key(nil), in: folders.open(project), fresh: true) }
            do {
                try await stream(request, into: part, upTo: sizeLimit(of: path))
                return .complete(try await store(part, target))
            } catch {
                await discard(part)
                throw error
            }
        case .part(let bytes, let total):
            try checkSize(total, of: path)
            try await checkPresence(target)
            let part = try await blocking {
                try UploadPart(key: key(total), in: folders.open(project), fresh: bytes.lowerBound == 0)
            }
            return try await receive(request, bytes, of: total, into: part, target)
        }
    }

    private func receive(
        _ request: Request, _ bytes: ClosedRange<Int64>, of total: Int64, into part: UploadPart, _ target: Target
    ) async throws -> Progress {
        guard part.size == bytes.lowerBound else { throw Self.wrongOffset(part.size) }
        do {
            try await stream(request, into: part, upTo: bytes.upperBound + 1)
        } catch let error as StudioError where error.code == .storageFull {
            await discard(part)
            throw error
        }
        // A body shorter than announced is kept: the client asks how much has come and goes on from there.
        guard part.size == total else { return .partial(size: part.size) }
        return .complete(try await storeParts(part, target))
    }

    /// Where an upload belongs, whose it is and what it may replace.
    private struct Target: Sendable {
        let path: RelativePath
        let condition: UploadCondition
        let project: ProjectRecord
        let caller: Caller
    }

    private func checkPresence(_ target: Target) async throws {
        let isThere = try await blocking { try folders.open(target.project).status(of: target.path) != nil }
        try target.condition.check(isThere: isThere)
    }

    /// What came in parts is kept where it cannot be placed now, unless there is no space for it.
    private func storeParts(_ part: UploadPart, _ target: Target) async throws -> StoredFile {
        do {
            return try await store(part, target)
        } catch let error as StudioError where error.code == .storageFull {
            await discard(part)
            throw error
        }
    }

    private func stream(_ request: Request, into part: UploadPart, upTo end: Int64) async throws {
        var gathered = ByteBuffer()
        var size = part.size
        for try await chunk in request.body {
            size += Int64(chunk.readableBytes)
            guard size <= end else {
                throw StudioError(.tooLarge, "the body is longer than it may be, \(end) bytes in all")
            }
            var chunk = chunk
            gathered.writeBuffer(&chunk)
            if gathered.readableBytes >= Self.gathered {
                let full = gathered
                try await blocking { try part.append(full) }
                gathered.clear()
            }
        }
        let rest = gathered
        if rest.readableBytes > 0 { try await blocking { try part.append(rest) } }
    }

    private func store(_ part: UploadPart, _ target: Target) async throws -> StoredFile {
        let (path, project) = (target.path, target.project)
        let present = try await blocking { try folders.open(project).status(of: path)?.size ?? 0 }
        // What has to be read and copied in all, on threads for it.
        let bytes = max(part.size, present)
        let placing = try await folders.interruptible(bytes: bytes) { [folders, digests] check in
            try folders.translating {
                FilePlacing(
                    directory: try folders.open(project), path: path,
                    content: FileHash(digest: try part.finish(check: check), size: part.size),
                    condition: target.condition, digests: digests, author: ProjectAuthor(target.caller))
            }
        }
        for _ in 0..<Self.preparations {
            do {
                let isObject = try await folders.interruptible(bytes: bytes) { [folders] check in
                    try folders.translating { try placing.prepare(part, check: check) }
                }
                // Before the writer's lock is taken: this may take as long as sending the file away.
                if isObject { try await keep(placing.content, in: project) }
                let isNew = try await writers.run(project.id) { [folders] _ in
                    try folders.translating { try placing.place(part) }
                }
                return StoredFile(
                    path: path.text, sizeBytes: placing.content.size, sha256: placing.content.digest.hex, isNew: isNew,
                    project: project.name)
            } catch is FilePlacing.NotPrepared {
                // Somebody pruned the LFS objects, or changed which files go there.
            } catch let lacking as ObjectLacking {
                try await have(lacking.content, in: project, otherwise: placing.uncommitted)
            }
        }
        throw StudioError(
            .unavailable, "the project's LFS objects are being removed at this moment; please try again",
            retryAfterSeconds: 2)
    }

    /// Has the upload where large files are kept for good, before a commit names it.
    private func keep(_ content: FileHash, in project: ProjectRecord) async throws {
        let folder = folders.path(of: project)
        try await folders.storing { () async throws(StorageError) in
            try await folders.objects.keep(content, of: project.objects, in: folder)
        }
    }

    /// Has what the upload replaces in the workspace, from the storage where that has it; else it is nowhere but in its place.
    private func have(_ content: FileHash, in project: ProjectRecord, otherwise uncommitted: StudioError) async throws {
        let folder = folders.path(of: project)
        do {
            _ = try await folders.storing { () async throws(StorageError) in
                try await folders.objects.have(content, of: project.objects, in: folder)
            }
        } catch let error as StudioError where error.code == .notFound {
            throw uncommitted
        }
    }

    private func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await folders.blocking { [folders] in try folders.translating(work) }
    }

    /// In a task of its own: nothing half-made may stay because the client went away.
    private func discard(_ part: UploadPart) async {
        await Task { try? await folders.blocking { part.discard() } }.value
    }

    private func checkSize(_ size: Int64, of path: RelativePath) throws(StudioError) {
        let limit = sizeLimit(of: path)
        guard size <= limit else {
            throw StudioError(.tooLarge, "\(path.name) may have at most \(limit) bytes, this one has \(size)")
        }
    }

    /// What does not go through LFS lies in the history for ever, for everybody.
    private func sizeLimit(of path: RelativePath) -> Int64 {
        WorkspaceLayout.isLargeFile(path.name) ? limit : min(limit, Int64(CommitRequest.longestFile))
    }

    /// The part does not begin where the one before ended; `Range` says how much has come.
    private static func wrongOffset(_ size: Int64) -> Problem {
        var problem = Problem(StudioError(.conflict, "\(size) bytes of this file have come; go on from there"))
        if size > 0 { problem.headers[.range] = "bytes=0-\(size - 1)" }
        return problem
    }
}

/// A file that was taken in.
struct StoredFile: Encodable, Sendable {
    let path: String
    let sizeBytes: Int64
    let sha256: String
    let isNew: Bool
    let project: String

    private enum CodingKeys: String, CodingKey { case path, sizeBytes, sha256, project }
}
