import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The cuts in a project's folder: read where they lie, written as OTIO and EDL and committed.
struct CutFiles: Sendable {
    static let folder = "04_Project_Files/EDLs"

    let folders: ProjectFolders
    let writers: ProjectWriters

    /// What a project's films are made in.
    func settings(of project: ProjectRecord) async throws -> CutSettings {
        try await folders.blocking { [folders] in
            try CutSettings(
                folders.translating { try ProjectScaffold.manifest(ofProjectAt: folders.path(of: project)) })
        }
    }

    /// Reads a cut; its name's extension says what it is: `.otio`, `.json` or `.edl`.
    ///
    /// - Parameters:
    ///   - text: The path below the project's folder.
    ///   - project: The project.
    ///   - rate: The rate that an EDL is counted at.
    ///   - pointer: Where the path stands in what was sent.
    /// - Returns: The cut.
    /// - Throws: `StudioError` with code `invalid` and all findings, each with its place in the file in its words.
    func read(_ text: String, of project: ProjectRecord, rate: EditRate, pointer: String) async throws -> Cut {
        let path = try RelativePath(sent: text, pointer: pointer)
        let format = path.name.lastIndex(of: ".").map { path.name[$0...].lowercased() } ?? ""
        guard path.components.first == "04_Project_Files", [".otio", ".json", ".edl"].contains(format) else {
            let detail = "a cut is an .otio or .edl file below 04_Project_Files/"
            throw StudioError.invalid([Finding(pointer: pointer, code: "path-invalid", detail: detail)])
        }
        let bytes = try await folders.interruptible(bytes: Int64(Cut.longestFile)) { [folders] _ in
            try folders.translating { () -> [UInt8]? in
                let directory = try folders.open(project)
                guard try directory.status(of: path) != nil else { return nil }
                let file = try directory.open(path)
                return try FileBytes.contents(of: file.raw, path: path.text, atMost: Cut.longestFile)
            }
        }
        guard let bytes else {
            throw StudioError.invalid([Finding(pointer: pointer, code: "missing", detail: "there is no file \(text)")])
        }
        return try await folders.interruptible(bytes: Int64(bytes.count)) { _ in
            do throws(StudioError) {
                guard format == ".edl" else { return try Cut(readingOTIO: Data(bytes)) }
                return try Cut(readingEDL: String(decoding: bytes, as: UTF8.self), rate: rate)
            } catch {
                throw StudioError.invalid(error.findings.map { Self.placed($0, at: pointer) })
            }
        }
    }

    /// Plans the film of a cut, on the threads for long work: a cut may have a hundred thousand items.
    ///
    /// - Parameters:
    ///   - cut: The cut.
    ///   - sources: What it may be made of.
    ///   - settings: What the film is made in.
    ///   - pointer: Where the cut stands in what was sent.
    /// - Returns: The plan.
    /// - Throws: `StudioError` with code `invalid` and all findings, each with its place in the cut in its words.
    func plan(
        _ cut: Cut, from sources: [ConformSource], _ settings: ConformPlan.Settings, pointer: String
    ) async throws -> ConformPlan {
        // Many clips take their time.
        let items = cut.tracks.reduce(0) { $0 + $1.items.count }
        return try await folders.interruptible(bytes: items > 1000 ? ProjectFolders.largeBytes : 0) { _ in
            do throws(StudioError) {
                return try ConformPlan(cut, from: ConformCatalogue(sources), settings: settings)
            } catch {
                throw StudioError.invalid(error.findings.map { Self.placed($0, at: pointer) })
            }
        }
    }

    /// A finding within a file, as one of what was sent.
    static func placed(_ finding: Finding, at pointer: String) -> Finding {
        let detail = finding.pointer.isEmpty ? finding.detail : "\(finding.pointer): \(finding.detail)"
        return Finding(pointer: pointer, code: finding.code, detail: detail)
    }

    /// Writes files below ``folder`` and commits them together.
    ///
    /// - Parameters:
    ///   - files: Their names and contents.
    ///   - project: The project.
    ///   - replaces: Whether files that are there are replaced.
    ///   - author: Who did it.
    /// - Throws: `StudioError` with code `conflict` where one of them is there and may not be replaced; then none is
    ///   written.
    func write(
        _ files: [(name: String, content: Data)], of project: ProjectRecord, replacing replaces: Bool,
        author: ProjectAuthor
    ) async throws {
        let paths = try files.map { try RelativePath("\(Self.folder)/\($0.name)") }
        let contents = files.map(\.content)
        try await writers.run(project.id) { [folders] _ in
            try folders.translating {
                let directory = try folders.open(project)
                for path in paths where !replaces {
                    guard try directory.status(of: path) == nil else {
                        throw StudioError(.conflict, "there is \(path.text) already; say that it may be replaced")
                    }
                }
                for (path, content) in zip(paths, contents) {
                    try DurableFile.write(content, to: FileDestination(in: directory, at: path), replacing: replaces)
                }
                try ProjectRepository.commit(
                    at: directory.path, files: paths.map(\.text),
                    message: "Write the cut \(paths.first?.name ?? "")", author: author)
            }
        }
    }
}
