import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioSystem

/// Holds a project's folder against the layout, and repairs what can be repaired without touching anybody's work. All of
/// this blocks.
struct ProjectCheck {
    /// One thing that was wrong.
    struct Problem: Sendable, Hashable, CustomStringConvertible {
        let subject: String
        let detail: String
        var isRepaired = false

        var description: String { "\(isRepaired ? "repaired" : "wrong"): \(subject): \(detail)" }
    }

    /// What the database says of the project, where it was asked.
    struct Expected: Sendable {
        let uuid: ProjectID
        let title: String
        let summary: String
        let quality: QualityTier
        let createdAt: Date
    }

    let path: String
    let expected: Expected?
    let repair: Bool
    let author: ProjectAuthor

    private(set) var problems: [Problem] = []
    private var changed: Set<String> = []

    init(path: String, expected: Expected?, repair: Bool, author: ProjectAuthor = .studio) {
        self.path = path
        self.expected = expected
        self.repair = repair
        self.author = author
    }

    /// Checks everything, in the order in which repairs build on each other.
    ///
    /// - Returns: What was wrong, repaired or not; empty where all is well.
    mutating func run() -> [Problem] {
        guard let directory = try? SafeDirectory(path) else {
            problems.append(Problem(subject: "folder", detail: "the project's folder is not there"))
            return problems
        }
        checkRepository()
        checkLines(of: ".gitignore", WorkspaceLayout.gitignore, in: directory)
        checkLines(of: ".gitattributes", WorkspaceLayout.gitattributes, in: directory)
        checkFolders(in: directory)
        let manifest = checkManifest(in: directory)
        checkCanvas(manifest, in: directory)
        if manifest != nil { checkMirror(in: directory) }
        commitRepairs()
        return problems
    }

    /// Notes a problem and repairs it where that was asked for.
    private mutating func find(_ subject: String, _ detail: String, changes: [String] = [], _ fix: (() throws -> Void)?)
    {
        var problem = Problem(subject: subject, detail: detail)
        if repair, let fix {
            do {
                try fix()
                problem.isRepaired = true
                changed.formUnion(changes)
            } catch {
                problem = Problem(subject: subject, detail: "\(detail); it could not be repaired: \(error)")
            }
        }
        problems.append(problem)
    }

    // MARK: Git

    private mutating func checkRepository() {
        let path = path
        guard (try? GitRepository(at: path)) != nil else {
            find("Git", "there is no repository") { _ = try GitRepository.initialise(at: path) }
            // What the folder holds of the layout belongs into its first commit.
            if repair {
                changed.formUnion([
                    WorkspaceLayout.manifest, ".gitignore", ".gitattributes", WorkspaceLayout.mainCanvas,
                ])
            }
            return
        }
        let setup = LFSSetupCheck(project: path)
        if !setup.isConfigured {
            find("Git LFS", "the repository's configuration lacks the LFS filter") {
                try GitRepository(at: path).installLFS()
            }
        }
        let missing = setup.missingHooks
        if !missing.isEmpty {
            find("Git LFS", "hooks are missing: \(missing.joined(separator: ", "))") {
                try GitRepository(at: path).installLFS()
            }
        }
        for hook in setup.foreignHooks {
            find("Git LFS", "the hook \(hook) is somebody's own and does not call git-lfs", nil)
        }
        if setup.hasIndexLock {
            find("Git", "a killed process left the index locked") { _ = try GitRepository(at: path).recover() }
        }
    }

    private mutating func commitRepairs() {
        guard !changed.isEmpty else { return }
        let present = changed.filter { (try? FileStatus(path: "\(path)/\($0)"))?.kind == .file }
        guard !present.isEmpty else { return }
        do {
            try ProjectRepository.commit(
                at: path, files: present.sorted(), message: "Repair the project's layout", author: author)
        } catch {
            problems.append(Problem(subject: "Git", detail: "the repairs could not be committed: \(error)"))
        }
    }

    // MARK: Files and folders

    /// A file whose lines must be there, among others that people added.
    private mutating func checkLines(of name: String, _ wanted: String, in directory: SafeDirectory) {
        let bytes = try? Self.bytes(name, in: directory)
        let present = bytes.map { String(decoding: $0, as: UTF8.self) }
        let lines = Set((present ?? "").split(separator: "\n").map { String($0) })
        let missing = wanted.split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("#") && !lines.contains($0)
        }
        guard present == nil || !missing.isEmpty else { return }
        let detail = present == nil ? "is not there" : "lacks \(missing.count) lines, such as \(missing[0])"
        find(name, detail, changes: [name]) {
            var text = present ?? ""
            if present == nil {
                text = wanted
            } else {
                if !text.hasSuffix("\n"), !text.isEmpty { text += "\n" }
                text += missing.joined(separator: "\n") + "\n"
            }
            try ProjectSkeleton.write(
                .init(path: name, contents: Data(text.utf8)), into: directory, inPlaceOf: bytes)
        }
    }

    private mutating func checkFolders(in directory: SafeDirectory) {
        for folder in WorkspaceLayout.folders {
            guard let path = try? RelativePath(folder), (try? directory.directory(path)) == nil else { continue }
            find(folder, "the folder is not there") { try directory.makeDirectories(path) }
        }
        for folder in WorkspaceLayout.keptEmptyFolders {
            let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")
            guard names?.isEmpty ?? true, names != nil || repair else { continue }
            let file = folder + "/.gitkeep"
            find(file, "the folder is empty and Git would forget it", changes: [file]) {
                try ProjectSkeleton.write(.init(path: file, contents: Data()), into: directory, inPlaceOf: nil)
            }
        }
    }

    private mutating func checkCanvas(_ manifest: ProjectManifest?, in directory: SafeDirectory) {
        let name = WorkspaceLayout.mainCanvas
        guard (try? Self.bytes(name, in: directory)) == nil else { return }
        let canvas = manifest.map(ProjectSkeleton.canvas) ?? ProjectManifest.emptyCanvas
        find(name, "the main canvas is not there", changes: [name]) {
            try ProjectSkeleton.write(
                .init(path: name, contents: try JSONText.document(canvas)), into: directory, inPlaceOf: nil)
        }
    }

    /// The main canvas is in two files. The canvas' own counts: it is the one that people and programs edit.
    private mutating func checkMirror(in directory: SafeDirectory) {
        let name = WorkspaceLayout.manifest
        guard let file = try? Self.bytes(WorkspaceLayout.mainCanvas, in: directory),
            let canvas = try? CanvasDocument(reading: Data(file)), let bytes = try? Self.bytes(name, in: directory),
            let manifest = try? ProjectManifest(reading: Data(bytes)), let mirrored = manifest.document["canvas"],
            (try? CanvasDocument(mirrored)) != canvas
        else { return }
        find(name, "its canvas is another than \(WorkspaceLayout.mainCanvas)", changes: [name]) {
            try ProjectSkeleton.write(
                .init(path: name, contents: try manifest.replacing(canvas: canvas.json).fileContents()),
                into: directory, inPlaceOf: bytes)
        }
    }

    // MARK: The manifest

    private mutating func checkManifest(in directory: SafeDirectory) -> ProjectManifest? {
        let name = WorkspaceLayout.manifest
        let (manifest, bytes): (ProjectManifest, [UInt8])
        do {
            bytes = try Self.bytes(name, in: directory)
            manifest = try ProjectManifest(reading: Data(bytes))
        } catch let error as StudioError where error.code == .schemaVersionUnsupported {
            // Nothing is wrong with it that this program could know of: it is left to the one that does.
            find(name, error.detail, nil)
            return nil
        } catch {
            return replaceManifest(error as? StudioError, in: directory)
        }
        if let expected, expected.uuid != manifest.uuid {
            find(name, "it names another project, \(manifest.uuid)", nil)
            return manifest
        }
        var members = manifest.document.objectValue ?? [:]
        let standard = ProjectManifest(
            uuid: manifest.uuid, title: manifest.title, summary: manifest.summary, quality: manifest.quality,
            createdAt: expected?.createdAt ?? Date())
        let missing = (standard.document.objectValue ?? [:]).filter { members[$0.key] == nil }
        members.merge(missing) { own, _ in own }
        var differing: [String] = []
        if let expected {
            let row: [String: JSONValue] = [
                "title": .string(expected.title), "description": .string(expected.summary),
                "quality": .string(expected.quality.rawValue),
            ]
            for (key, value) in row.sorted(by: { $0.key < $1.key }) where members[key] != value {
                if missing[key] == nil { differing.append(key) }
                members[key] = value
            }
        }
        let document = JSONValue.object(members)
        if !missing.isEmpty || !differing.isEmpty {
            let reasons = [
                missing.isEmpty ? nil : "lacks " + missing.keys.sorted().joined(separator: ", "),
                differing.isEmpty ? nil : "differs from the database in " + differing.joined(separator: ", "),
            ]
            find(name, reasons.compactMap { $0 }.joined(separator: "; "), changes: [name]) {
                try ProjectSkeleton.write(
                    .init(path: name, contents: try JSONText.document(document)), into: directory, inPlaceOf: bytes)
            }
        }
        return manifest
    }

    /// A manifest that cannot be read is set aside, not thrown away. Members that are good are kept; the others, or all of
    /// a file that is no JSON, are made anew from what the database says.
    private mutating func replaceManifest(_ error: StudioError?, in directory: SafeDirectory) -> ProjectManifest? {
        let name = WorkspaceLayout.manifest
        let reason = error?.detail ?? "it cannot be read"
        guard let expected else {
            find(
                name, "\(reason); without the database it cannot be made anew, 'git checkout -- \(name)' may help", nil)
            return nil
        }
        let fresh = ProjectManifest(
            uuid: expected.uuid, title: expected.title, summary: expected.summary, quality: expected.quality,
            createdAt: expected.createdAt)
        let old = try? Self.bytes(name, in: directory)
        let manifest = Self.mended(old, findings: error?.findings ?? [], from: fresh)
        find(name, reason, changes: [name]) {
            if let old {
                let kept = "05_Cache/project.json.damaged"
                try ProjectSkeleton.write(
                    .init(path: kept, contents: Data(old)), into: directory,
                    inPlaceOf: try? Self.bytes(kept, in: directory))
            }
            try ProjectSkeleton.write(
                .init(path: name, contents: try manifest.fileContents()), into: directory, inPlaceOf: old)
        }
        return manifest
    }

    /// The old manifest with the members that something is wrong with as in the fresh one.
    private static func mended(_ old: [UInt8]?, findings: [Finding], from fresh: ProjectManifest) -> ProjectManifest {
        guard let old, let document = try? JSONText.decode(JSONValue.self, from: Data(old)),
            var members = document.objectValue
        else { return fresh }
        for finding in findings {
            members[finding.pointer.split(separator: "/").first.map(String.init) ?? ""] = nil
        }
        members.merge(fresh.document.objectValue ?? [:]) { own, _ in own }
        let mended = (try? JSONText.compact(JSONValue.object(members))).flatMap { try? ProjectManifest(reading: $0) }
        return mended.flatMap { $0.uuid == fresh.uuid ? $0 : nil } ?? fresh
    }

    private static func bytes(_ name: String, in directory: SafeDirectory) throws -> [UInt8] {
        let file = try directory.open(RelativePath(name))
        return try FileBytes.contents(of: file.raw, path: name, atMost: ProjectManifests.sizeLimit)
    }
}
