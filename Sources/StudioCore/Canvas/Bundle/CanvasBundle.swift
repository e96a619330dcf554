public import QueueProtocol

/// A canvas as one file, with the functions that it was made with and what it names: for taking it to another project or
/// another studio, and for making a take again years later.
///
/// `{"format": "studio-canvas", "formatVersion": 1, "name", "canvas", "functions": [{"name", "version", "digest",
/// "manifest"}], "files": [{"path", "sha256", "bytes"?}], "takes": [{"take", "sha256"}]}`.
public struct CanvasBundle: Sendable {
    /// What `format` says.
    public static let format = "studio-canvas"
    /// The format that this version writes, and the newest that it reads.
    public static let formatVersion = 1

    /// A file of a project that the canvas names.
    public struct File: Sendable, Hashable {
        /// Its path below the project's folder.
        public let path: String
        /// SHA-256 of its bytes in hexadecimal.
        public let sha256: String
        /// How many bytes it has; nil where that was not looked at.
        public let bytes: Int64?
    }

    /// A take that the canvas names.
    public struct Take: Sendable, Hashable {
        /// The take.
        public let id: TakeID
        /// SHA-256 of its media in hexadecimal.
        public let sha256: String
    }

    /// The canvas' name.
    public let name: String
    /// The canvas.
    public let canvas: CanvasDocument
    /// The functions that it uses and that were there, by name.
    public let functions: [CanvasFunction]
    /// The files that it names and that were there, by path.
    public let files: [File]
    /// The takes that it names and that were there, by id.
    public let takes: [Take]

    /// A canvas with what it needs, as far as that is there.
    ///
    /// - Parameters:
    ///   - name: The canvas' name.
    ///   - canvas: The canvas.
    ///   - surroundings: The functions, files and takes there are.
    public init(name: String, canvas: CanvasDocument, surroundings: CanvasSurroundings) {
        self.name = name
        self.canvas = canvas
        let needs = CanvasNeeds(of: canvas)
        functions = needs.functions.compactMap { surroundings.functions[$0] }
        files = needs.files.compactMap { path in
            surroundings.files[path].map { File(path: path, sha256: $0.sha256, bytes: $0.bytes) }
        }
        takes = needs.takes.compactMap { id in surroundings.takes[id].map { Take(id: id, sha256: $0.sha256) } }
    }

    /// Reads and checks the file's form.
    ///
    /// - Parameters:
    ///   - document: The file.
    ///   - sha256: Gives the SHA-256 of bytes in hexadecimal: every function's digest is worked out again.
    /// - Throws: `StudioError`: `schema-version-unsupported` for a newer format; `invalid` with all else that is wrong.
    public init(_ document: JSONValue, sha256: ([UInt8]) -> String) throws(StudioError) {
        guard document["format"]?.stringValue == Self.format else {
            throw .invalid([
                Finding(pointer: "/format", code: "format", detail: "this is no canvas: format is \(Self.format)")
            ])
        }
        guard let version = document["formatVersion"]?.intValue, (1...Self.formatVersion).contains(version) else {
            throw StudioError(
                .schemaVersionUnsupported, "this canvas has another formatVersion than \(Self.formatVersion)",
                findings: [
                    Finding(
                        pointer: "/formatVersion", code: "schema-version-unsupported",
                        detail: "formats up to \(Self.formatVersion) are read")
                ])
        }
        var reader = CanvasBundleReader()
        let canvas = reader.canvas(document["canvas"])
        functions = reader.functions(document["functions"], sha256: sha256)
        files = reader.files(document["files"])
        takes = reader.takes(document["takes"])
        guard reader.findings.isEmpty, let canvas else { throw .invalid(reader.findings) }
        self.canvas = canvas
        name = document["name"]?.stringValue ?? ""
    }

    /// The file's form.
    public var json: JSONValue {
        [
            "format": .string(Self.format), "formatVersion": .integer(Int64(Self.formatVersion)),
            "name": .string(name), "canvas": canvas.json,
            "functions": .array(
                functions.map {
                    [
                        "name": .string($0.manifest.name), "version": .string($0.manifest.version),
                        "digest": .string($0.digest), "manifest": $0.manifest.document,
                    ]
                }),
            "files": .array(
                files.map { file in
                    var members: [String: JSONValue] = ["path": .string(file.path), "sha256": .string(file.sha256)]
                    members["bytes"] = file.bytes.map { .integer($0) }
                    return .object(members)
                }),
            "takes": .array(takes.map { ["take": .string("\($0.id)"), "sha256": .string($0.sha256)] }),
        ]
    }
}
