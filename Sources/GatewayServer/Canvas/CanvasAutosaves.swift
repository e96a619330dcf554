import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// What people have not saved yet: one file for each canvas and person below `04_Project_Files/Auto_Saves/`, which Git passes
/// over.
struct CanvasAutosaves: Sendable {
    static let folder = "04_Project_Files/Auto_Saves"
    /// As many canvases of a project a person may have unsaved.
    static let most = 100
    /// The rule by which Git passes over them.
    static let ignored = "/\(folder)/*.json"

    let folders: ProjectFolders

    /// Keeps a person's unsaved state in the place of the one before.
    ///
    /// - Parameters:
    ///   - state: The unsaved state.
    ///   - name: The canvas.
    ///   - user: Whose.
    ///   - project: The project.
    /// - Throws: `StudioError` with code `quota-exceeded` beyond ``most``, `storage-full`.
    func put(_ state: Autosave, of name: CanvasName, user: UserID, in project: ProjectRecord) async throws {
        try await folders.interruptible(bytes: ProjectFolders.largeBytes) { [folders] _ in
            try folders.translating {
                try ProjectRepository.translating {
                    let directory = try folders.open(project)
                    let path = try Self.path(name, user)
                    if try directory.status(of: path) == nil {
                        try directory.makeDirectories(RelativePath(Self.folder))
                        guard try Self.count(of: user, in: directory) < Self.most else {
                            throw StudioError(
                                .quotaExceeded,
                                "you have \(Self.most) canvases of this project unsaved; save or discard one first")
                        }
                        // Projects that were made before autosaves: the rule is this checkout's alone, and no commit.
                        let repository = try GitRepository(at: directory.path)
                        if try !repository.isIgnored(path) { try repository.exclude(Self.ignored) }
                    }
                    try DurableFile.write(
                        JSONText.compact(state, sortedKeys: true),
                        to: FileDestination(in: directory, at: path), replacing: true)
                }
            }
        }
    }

    /// A person's unsaved state; nil where there is none.
    func get(_ name: CanvasName, user: UserID, in project: ProjectRecord) async throws -> Autosave? {
        try await folders.interruptible(bytes: ProjectFolders.largeBytes) { [folders] _ in
            try folders.translating {
                let directory = try folders.open(project)
                let path = try Self.path(name, user)
                guard try directory.status(of: path)?.kind == .file else { return nil }
                let file = try directory.open(path)
                let bytes = try FileBytes.contents(
                    of: file.raw, path: path.text, atMost: CanvasVersion.longest + (1 << 16))
                // Somebody's own file of that name is no autosave.
                return try? JSONText.decode(Autosave.self, from: Data(bytes))
            }
        }
    }

    /// Forgets a person's unsaved state.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    func remove(_ name: CanvasName, user: UserID, in project: ProjectRecord) async throws -> Bool {
        try await folders.blocking { [folders] in
            try folders.translating {
                let directory = try folders.open(project)
                let path = try Self.path(name, user)
                return try directory.status(of: path) == nil ? false : directory.remove(path)
            }
        }
    }

    private static func path(_ name: CanvasName, _ user: UserID) throws -> RelativePath {
        try RelativePath("\(folder)/\(name.text).\(user).json")
    }

    private static func count(of user: UserID, in directory: SafeDirectory) throws -> Int {
        let path = try directory.directory(RelativePath(folder)).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.count { $0.hasSuffix(".\(user).json") }
    }
}

/// A person's unsaved state of a canvas.
struct Autosave: Sendable, Codable {
    /// The tag of the version that it was made from, as a header says it; nil for a canvas that was never saved.
    let base: String?
    let savedAt: Date
    let document: JSONValue

    private enum Key: String, CodingKey { case base, savedAt, document }

    init(base: String?, savedAt: Date, document: JSONValue) {
        self.base = base
        self.savedAt = savedAt
        self.document = document
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        base = try container.decodeIfPresent(String.self, forKey: .base)
        savedAt = try container.decode(Date.self, forKey: .savedAt)
        document = try container.decode(JSONValue.self, forKey: .document)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(base, forKey: .base)
        try container.encode(savedAt, forKey: .savedAt)
        try container.encode(document, forKey: .document)
    }

    /// Reads what somebody sent: `{"base": etag or null, "document": {…}}`.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - now: When it came.
    /// - Throws: `StudioError` with code `invalid` and all findings; `too-large`.
    init(sent body: JSONValue, at now: Date) throws {
        guard let members = body.objectValue else {
            throw StudioError.invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        for key in members.keys.sorted() where key != "base" && key != "document" {
            findings.append(
                Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here"))
        }
        if let value = members["base"], !value.isNull, value.stringValue.map({ $0.utf8.count > 200 }) ?? true {
            findings.append(Finding(pointer: "/base", code: "type", detail: "must be an ETag, or null"))
        }
        if members["document"] == nil {
            findings.append(Finding(pointer: "/document", code: "required", detail: "is required"))
        }
        guard findings.isEmpty, let document = members["document"] else { throw StudioError.invalid(findings) }
        self.init(
            base: members["base"]?.stringValue, savedAt: now,
            document: try CanvasVersion(sent: document, pointer: "/document").document.json)
    }
}
