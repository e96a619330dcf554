import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// The canvases in a project's folder, read where they lie: what is in the file counts, whoever wrote it.
struct CanvasFiles: Sendable {
    static let folder = "02_Source_Creative/Canvases"
    /// The canvas that `project.json` has too.
    static let main = "main_canvas"

    let folders: ProjectFolders
    let digests: CanvasDigests

    /// A canvas' path below the project's folder.
    static func path(_ name: CanvasName) throws -> RelativePath { try RelativePath("\(folder)/\(name.text).json") }

    /// A file as it is there.
    struct Present: Sendable {
        let bytes: [UInt8]
        /// What it says; why it is no canvas, where it is none.
        let content: Result<CanvasVersion, StudioError>
        /// Of a file that is no canvas the name of its bytes, so that it can be saved over.
        let etag: EntityTag

        /// Reads a file; nil where there is none. Blocks.
        init?(_ path: RelativePath, in directory: SafeDirectory) throws {
            guard let status = try directory.status(of: path), status.kind == .file else { return nil }
            guard status.size <= CommitRequest.longestFile else {
                throw StudioError(.conflict, "\(path.text) is longer than any canvas; it is somebody's own file")
            }
            let file = try directory.open(path)
            bytes = try FileBytes.contents(of: file.raw, path: path.text, atMost: CommitRequest.longestFile)
            do {
                let version = try CanvasVersion(reading: bytes)
                content = .success(version)
                etag = version.etag
            } catch let error as StudioError {
                content = .failure(error)
                etag = EntityTag(try GitRepository.blobName(of: bytes))
            }
        }
    }

    /// A canvas as it is now.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - project: The project.
    /// - Returns: The canvas.
    /// - Throws: `StudioError` with code `not-found`; `conflict` where the file is no canvas.
    func read(_ name: CanvasName, of project: ProjectRecord) async throws -> CanvasVersion {
        try await folders.interruptible(bytes: ProjectFolders.largeBytes) { [folders] _ in
            try ProjectRepository.translating {
                let directory = try folders.open(project)
                guard let present = try Present(Self.path(name), in: directory) else { throw Self.missing }
                let version = try Self.readable(present.content, name)
                // A person's own spelling: the text that the tag is of is kept, so that it is found again as a base.
                if present.bytes != version.text, project.archivedAt == nil {
                    try GitRepository(at: directory.path).keep(version.text)
                }
                return version
            }
        }
    }

    static let missing = StudioError(.notFound, "there is no such canvas")

    static func readable(_ content: Result<CanvasVersion, StudioError>, _ name: CanvasName) throws -> CanvasVersion {
        switch content {
        case .success(let version): return version
        case .failure(let error):
            throw StudioError(
                .conflict,
                "\(folder)/\(name.text).json cannot be read as a canvas: \(error.detail); its history has earlier versions",
                findings: error.findings)
        }
    }

    /// A line of the list of canvases.
    struct Line: Sendable, Encodable {
        let name: String
        let etag: String
        let nodes: Int
        let edges: Int
        let updatedAt: Date
        /// Nil for a change that is not committed.
        let updatedBy: String?
        /// Why it cannot be read.
        let problem: String?
    }

    /// A project's canvases by name.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - page: Which page.
    /// - Returns: The page.
    /// - Throws: `StudioError`.
    func list(of project: ProjectRecord, _ page: PageRequest) async throws -> Page<Line> {
        try await folders.interruptible(bytes: ProjectFolders.largeBytes) { [folders, digests] check in
            try ProjectRepository.translating {
                let directory = try folders.open(project)
                let names = try Self.names(in: directory).filter { name in page.cursor.map { name > $0 } ?? true }
                let shown = names.prefix(page.limit)
                let repository = try GitRepository(at: directory.path)
                let changes = try repository.lastChanges(
                    of: Set(shown.map { "\($0).json" }), in: RelativePath(Self.folder))
                let lines = try shown.compactMap { text -> Line? in
                    try check()
                    let path = try Self.path(CanvasName(text, pointer: "/canvas"))
                    guard let status = try directory.status(of: path), status.kind == .file else { return nil }
                    let file = try directory.open(path)
                    let bytes = try FileBytes.contents(
                        of: file.raw, path: path.text, atMost: CommitRequest.longestFile)
                    let blob = try GitRepository.blobName(of: bytes)
                    let digest = try digests.digest(blob) { bytes }
                    let change = changes["\(text).json"].flatMap { $0.blob == blob ? $0.commit : nil }
                    return Line(
                        name: text, etag: EntityTag(digest.etag ?? blob).description, nodes: digest.nodes,
                        edges: digest.edges,
                        updatedAt: change?.time ?? Date(timeIntervalSince1970: Double(status.modifiedSeconds)),
                        updatedBy: change?.authorName, problem: digest.problem)
                }
                return Page(lines, nextKey: names.count > shown.count ? shown.last : nil)
            }
        }
    }

    /// The names of the canvases in a project's folder, sorted. Blocks.
    static func names(in directory: SafeDirectory) throws -> [String] {
        guard let canvases = try? directory.directory(RelativePath(folder)) else { return [] }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: canvases.path)) ?? []
        return entries.compactMap { entry in
            guard entry.hasSuffix(".json") else { return nil }
            return try? CanvasName(String(entry.dropLast(5)), pointer: "/canvas").text
        }.sorted()
    }
}

/// A canvas' name: its file's without the extension.
typealias CanvasName = CutName
