import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Saves, merges and deletes canvases: each save is a commit of the canvas, together with `project.json` where it is the main
/// one.
///
/// The files are written by the commit itself, with its record in the repository's lock: whoever comes after a process that
/// was killed in the middle finishes both files and the commit, or nothing of it was begun. What people changed in the folder
/// and did not commit is committed first as it is: it is in the history before it is saved over.
struct CanvasSaving: Sendable {
    /// How often a save is begun anew where somebody writes to the same file at the same moment.
    private static let attempts = 3

    let files: CanvasFiles
    let history: CanvasHistory
    let writers: ProjectWriters

    /// A save as it is asked for.
    struct Wish: Sendable {
        let name: CanvasName
        let version: CanvasVersion
        let condition: CanvasCondition
        /// Whether a stale one is merged.
        var merges = false
        /// What the commit says; nil names the canvas.
        var message: String?
        let author: ProjectAuthor
    }

    /// A save that was made.
    struct Saved: Sendable {
        let version: CanvasVersion
        let isNew: Bool
        let isMerged: Bool
        /// Whether anybody has to be told: it says something else now, or it is not known whether they were told.
        let isNews: Bool
    }

    /// Saves.
    ///
    /// - Parameters:
    ///   - wish: What is saved, and over what.
    ///   - project: The project.
    /// - Returns: What the canvas says now.
    /// - Throws: `CanvasRefusal`; `StudioError` with code `conflict` where people's own work is in the way or `project.json`
    ///   cannot be used, `unavailable`, `storage-full`.
    func save(_ wish: Wish, in project: ProjectRecord) async throws -> Saved {
        do {
            return try await withCheckout(of: project) { checkout in
                try Self.trying { try Self.save(wish, in: checkout, history) }
            }
        } catch CanvasRefusal.stale(let current, _) {
            // Outside of the line of writers: it may take many versions to say who changed what.
            let told = try await history.changes(of: wish.name, in: project, since: wish.condition.base)
            throw CanvasRefusal.stale(current: told?.current ?? current, changes: told?.changes)
        }
    }

    /// Deletes a canvas; its history stays.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - condition: The version that is deleted.
    ///   - project: The project.
    ///   - author: Who does it.
    /// - Throws: As ``save(_:in:)``; `not-found`.
    func delete(
        _ name: CanvasName, _ condition: CanvasCondition, of project: ProjectRecord, author: ProjectAuthor
    ) async throws {
        guard name.text != CanvasFiles.main else {
            throw StudioError(.conflict, "the main canvas belongs to the project and cannot be deleted")
        }
        try await withCheckout(of: project) { checkout in
            try Self.trying { try Self.delete(name, condition, in: checkout, author) }
        }
    }

    // MARK: In the project's line of writers

    /// A project's folder with its repository, while nobody else of the studio writes to it.
    struct Checkout {
        let directory: SafeDirectory
        let repository: GitRepository

        /// What the last commit has of a file.
        func committed(_ path: RelativePath) throws -> [UInt8]? {
            guard let head = try repository.headCommit() else { return nil }
            return try repository.blob(path, at: head)
        }

        func commit(
            _ entries: [RelativePath: CommitRequest.Content], removing removals: Set<RelativePath> = [],
            _ message: String, _ author: ProjectAuthor
        ) throws {
            _ = try repository.commit(
                CommitRequest(
                    entries: entries, removals: removals,
                    author: CommitRequest.Author(name: author.name, email: author.email), time: Date(),
                    message: message))
        }

        /// Commits what somebody changed in the folder and did not commit.
        func keep(_ paths: [RelativePath]) throws {
            guard !paths.isEmpty else { return }
            let names = paths.map(\.name).joined(separator: " and ")
            try commit(
                Dictionary(uniqueKeysWithValues: paths.map { ($0, .workingFile) }),
                "Keep what was changed in \(names) outside of the studio", .studio)
        }
    }

    private func withCheckout<Result: Sendable>(
        of project: ProjectRecord, _ body: @escaping @Sendable (Checkout) throws -> Result
    ) async throws -> Result {
        try await writers.run(project.id) { [folders = files.folders] _ in
            try folders.translating {
                try ProjectRepository.translating {
                    let directory = try folders.open(project)
                    let repository = try GitRepository(at: directory.path)
                    // What a killed process was saving is finished before it is looked at.
                    try repository.recover()
                    return try body(Checkout(directory: directory, repository: repository))
                }
            }
        }
    }

    /// Begins anew where a file was written to meanwhile: then it says something else.
    private static func trying<Result>(_ body: () throws -> Result) throws -> Result {
        for _ in 1..<attempts {
            do { return try body() } catch let error as GitError where error.code == .conflict { continue }
        }
        return try body()
    }

    static func save(_ wish: Wish, in checkout: Checkout, _ history: CanvasHistory) throws -> Saved {
        let path = try CanvasFiles.path(wish.name)
        let present = try CanvasFiles.Present(path, in: checkout.directory)
        if present == nil { try refuseOtherCase(wish.name, in: checkout.directory) }
        var version = wish.version
        let verdict = wish.condition.verdict(present: present?.etag, sent: version.etag)
        if verdict == .stale {
            guard wish.merges, let present, let base = wish.condition.base,
                let began = try history.version(base, of: wish.name, in: checkout.repository)
            else { throw CanvasRefusal.stale(current: present?.etag, changes: nil) }
            version = try merged(wish, over: present, since: began)
        }
        var writes: [(path: RelativePath, present: [UInt8]?, new: [UInt8])] = []
        let committed = try checkout.committed(path)
        if present?.etag != version.etag || present?.bytes != committed {
            writes.append((path, present?.bytes, version.text))
        }
        if wish.name.text == CanvasFiles.main, let mirror = try mirror(version, in: checkout) { writes.append(mirror) }
        if !writes.isEmpty {
            try checkout.keep(
                writes.compactMap { write in
                    guard let there = write.present, there != write.new else { return nil }
                    return try there == checkout.committed(write.path) ? nil : write.path
                })
            let suffix = verdict == .stale ? ", merged with what was saved meanwhile" : ""
            try checkout.commit(
                Dictionary(uniqueKeysWithValues: writes.map { ($0.path, .bytes($0.new)) }),
                wish.message ?? "Save the canvas \(wish.name.text)\(suffix)", wish.author)
        }
        return Saved(
            version: version, isNew: present == nil, isMerged: verdict == .stale,
            isNews: !writes.isEmpty || verdict == .alreadyDone)
    }

    private static func merged(
        _ wish: Wish, over present: CanvasFiles.Present, since base: CanvasVersion
    ) throws -> CanvasVersion {
        let theirs = try CanvasFiles.readable(present.content, wish.name)
        let outcome: CanvasMerge.Outcome
        do {
            outcome = try CanvasMerge.merge(
                base: base.document.json, theirs: theirs.document.json, yours: wish.version.document.json)
        } catch {
            throw StudioError(
                .conflict, "the canvas that is there cannot be merged with: \(error.detail)", findings: error.findings)
        }
        switch outcome {
        case .merged(let document): return try CanvasVersion(sent: document)
        case .conflicting(let conflicts):
            throw CanvasRefusal.conflicting(current: theirs.etag, conflicts)
        }
    }

    /// What `project.json` has to hold; nil where it says the same canvas already.
    private static func mirror(
        _ version: CanvasVersion, in checkout: Checkout
    ) throws -> (path: RelativePath, present: [UInt8]?, new: [UInt8])? {
        let path = try RelativePath(WorkspaceLayout.manifest)
        let file = try checkout.directory.open(path)
        let bytes = try FileBytes.contents(of: file.raw, path: path.text, atMost: ProjectManifests.sizeLimit)
        let manifest: ProjectManifest
        do {
            manifest = try ProjectManifest(reading: Data(bytes))
        } catch {
            throw StudioError(
                error.code == .invalid ? .conflict : error.code,
                "the project's project.json, which has the main canvas too, cannot be used (\(error.detail)); "
                    + "'GatewayServer project check' says more")
        }
        let document = version.document.json
        if manifest.document["canvas"] == document, try checkout.committed(path) == bytes { return nil }
        return (path, bytes, Array(try manifest.replacing(canvas: document).fileContents()))
    }

    /// On some systems names that differ in case alone are one file.
    private static func refuseOtherCase(_ name: CanvasName, in directory: SafeDirectory) throws {
        let wanted = name.text.lowercased()
        guard let other = try CanvasFiles.names(in: directory).first(where: { $0.lowercased() == wanted }) else {
            return
        }
        throw StudioError(.conflict, "there is a canvas \(other) already; names differ in more than case")
    }

    private static func delete(
        _ name: CanvasName, _ condition: CanvasCondition, in checkout: Checkout, _ author: ProjectAuthor
    ) throws {
        let path = try CanvasFiles.path(name)
        let committed = try checkout.committed(path)
        guard let present = try CanvasFiles.Present(path, in: checkout.directory) else {
            // Gone from the folder alone: a deletion that was cut off in the middle, or a person's.
            guard let committed, let version = try? CanvasVersion(reading: committed),
                condition.verdict(present: version.etag, sent: nil) == .met
            else { throw CanvasFiles.missing }
            return try checkout.commit([:], removing: [path], "Delete the canvas \(name.text)", author)
        }
        guard condition.verdict(present: present.etag, sent: nil) == .met else {
            throw CanvasRefusal.stale(current: present.etag, changes: nil)
        }
        if present.bytes != committed { try checkout.keep([path]) }
        guard try checkout.directory.remove(path, holding: present.bytes) else {
            throw CanvasRefusal.stale(current: nil, changes: nil)
        }
        do {
            try checkout.commit([:], removing: [path], "Delete the canvas \(name.text)", author)
        } catch {
            // Where this fails too, the file is still in the history: what was not committed has been kept above.
            _ = try? DurableFile.write(present.bytes, to: FileDestination(in: checkout.directory, at: path))
            throw error
        }
    }
}
