public import QueueProtocol

/// What a canvas lacks where it is to be run.
public struct CanvasMissing: Sendable, Hashable {
    /// A function that is not there, or not as it was.
    public struct Function: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// The version that the canvas was made with; nil where it does not say.
        public let version: String?
        /// The version that is there; nil where there is no such function.
        public let found: String?
    }

    /// A file that is not there, or not as it was.
    public struct File: Sendable, Hashable {
        /// Its path below the project's folder.
        public let path: String
        /// SHA-256 of its bytes as the canvas was made with; nil where it does not say.
        public let sha256: String?
        /// SHA-256 of what is there under that path; nil where nothing is.
        public let found: String?
    }

    /// Functions that are not there, or in another version.
    public let functions: [Function]
    /// Files that are not there, or have other bytes.
    public let files: [File]
    /// Takes that are not there.
    public let takes: [TakeID]

    /// Whether nothing is missing.
    public var isEmpty: Bool { functions.isEmpty && files.isEmpty && takes.isEmpty }

    /// As clients get it: `functions`, `files` and `takes`.
    public var json: JSONValue {
        [
            "functions": .array(
                functions.map { function in
                    var members: [String: JSONValue] = ["name": .string(function.name)]
                    members["version"] = function.version.map { .string($0) }
                    members["found"] = function.found.map { .string($0) }
                    return .object(members)
                }),
            "files": .array(
                files.map { file in
                    var members: [String: JSONValue] = ["path": .string(file.path)]
                    members["sha256"] = file.sha256.map { .string($0) }
                    members["found"] = file.found.map { .string($0) }
                    return .object(members)
                }),
            "takes": .array(takes.map { .string("\($0)") }),
        ]
    }
}

extension CanvasBundle {
    /// What of the canvas is not there, or is another than it was made with.
    ///
    /// - Parameter surroundings: The functions, files and takes there are, looked up for ``CanvasBundle/canvas``.
    /// - Returns: What is missing.
    public func missing(in surroundings: CanvasSurroundings) -> CanvasMissing {
        let needs = CanvasNeeds(of: canvas)
        let versions = Dictionary(
            functions.map { ($0.manifest.name, $0.manifest.version) }, uniquingKeysWith: { first, _ in first })
        let digests = Dictionary(files.map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first })
        return CanvasMissing(
            functions: needs.functions.compactMap { name in
                let found = surroundings.functions[name]?.manifest.version
                guard found == nil || versions[name].map({ $0 != found }) ?? false else { return nil }
                return CanvasMissing.Function(name: name, version: versions[name], found: found)
            },
            files: needs.files.compactMap { path in
                let found = surroundings.files[path]?.sha256
                guard found == nil || digests[path].map({ $0 != found }) ?? false else { return nil }
                return CanvasMissing.File(path: path, sha256: digests[path], found: found)
            },
            takes: needs.takes.filter { surroundings.takes[$0] == nil })
    }
}
