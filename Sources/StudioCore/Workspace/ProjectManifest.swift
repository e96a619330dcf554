public import FoundationEssentials
public import QueueProtocol

/// `project.json`: what a production is, beside its files. Members the program does not know survive a round trip.
public struct ProjectManifest: Sendable, Hashable {
    /// The format this version writes.
    public static let currentSchemaVersion = 1

    /// The manifest as JSON, with every member that was read.
    public private(set) var document: JSONValue
    /// The project's id, the same in the database.
    public let uuid: ProjectID
    /// The name for people.
    public let title: String
    /// What it is about.
    public let summary: String
    /// The tier of jobs that do not say.
    public let quality: QualityTier

    /// The manifest of a new project.
    ///
    /// - Parameters:
    ///   - uuid: The project's id.
    ///   - title: The name for people.
    ///   - summary: What it is about.
    ///   - quality: The tier of jobs that do not say.
    ///   - createdAt: When it was made.
    public init(uuid: ProjectID, title: String, summary: String, quality: QualityTier, createdAt: Date) {
        self.uuid = uuid
        self.title = title
        self.summary = summary
        self.quality = quality
        document = [
            "schemaVersion": .integer(Int64(Self.currentSchemaVersion)), "uuid": .string(uuid.description),
            "title": .string(title), "description": .string(summary), "quality": .string(quality.rawValue),
            "settings": Self.defaultSettings, "canvas": Self.emptyCanvas,
            "createdAt": .string(Timestamp.text(createdAt)),
        ]
    }

    /// Reads a `project.json`.
    ///
    /// - Parameter data: The file's bytes.
    /// - Throws: `StudioError`: `schema-version-unsupported` for a format this program does not know, newer or never
    ///   there; `invalid` with everything else that is wrong.
    public init(reading data: Data) throws(StudioError) {
        let document: JSONValue
        do {
            document = try JSONText.decode(JSONValue.self, from: data)
        } catch {
            throw .invalid([Finding(pointer: "", code: "json", detail: "project.json is not JSON")])
        }
        // First, and alone: what else is wrong by this version's rules may be right by the other's.
        if let version = document["schemaVersion"]?.intValue, version != Self.currentSchemaVersion {
            throw Self.unsupported(version)
        }
        let findings = try Self.schema.get().check(document, pointer: "")
        guard findings.isEmpty else { throw .invalid(findings) }
        guard let uuid = document["uuid"]?.stringValue.flatMap({ ProjectID($0) }),
            let title = document["title"]?.stringValue,
            let quality = document["quality"]?.stringValue.flatMap(QualityTier.init(rawValue:))
        else { throw StudioError(.internalFault, "a checked project.json lacks what was checked") }
        self.document = document
        self.uuid = uuid
        self.title = title
        self.summary = document["description"]?.stringValue ?? ""
        self.quality = quality
    }

    private static func unsupported(_ version: Int) -> StudioError {
        let detail =
            version > currentSchemaVersion
            ? "project.json has schemaVersion \(version), written by a newer studio; this one reads "
                + "\(currentSchemaVersion): use a newer one"
            : "project.json has schemaVersion \(version), which never was one: they count from 1"
        return StudioError(
            .schemaVersionUnsupported, detail,
            findings: [Finding(pointer: "/schemaVersion", code: "schema-version-unsupported", detail: detail)])
    }

    /// The manifest with other words for people, everything else kept.
    ///
    /// - Parameters:
    ///   - title: The new title; nil keeps it.
    ///   - summary: The new description; nil keeps it.
    ///   - quality: The new default tier; nil keeps it.
    /// - Returns: The changed manifest.
    public func changing(title: String? = nil, summary: String? = nil, quality: QualityTier? = nil) -> ProjectManifest {
        var members = document.objectValue ?? [:]
        if let title { members["title"] = .string(title) }
        if let summary { members["description"] = .string(summary) }
        if let quality { members["quality"] = .string(quality.rawValue) }
        return ProjectManifest(
            document: .object(members), uuid: uuid, title: title ?? self.title, summary: summary ?? self.summary,
            quality: quality ?? self.quality)
    }

    /// The manifest with another main canvas, everything else kept.
    ///
    /// - Parameter canvas: The canvas.
    /// - Returns: The changed manifest.
    public func replacing(canvas: JSONValue) -> ProjectManifest {
        var members = document.objectValue ?? [:]
        members["canvas"] = canvas
        return ProjectManifest(
            document: .object(members), uuid: uuid, title: title, summary: summary, quality: quality)
    }

    /// The file's bytes: keys sorted, two-space indent, so that one change is a small diff.
    ///
    /// - Returns: UTF-8 text.
    /// - Throws: `EncodingError` where a member holds a number JSON cannot say.
    public func fileContents() throws -> Data { try JSONText.document(document) }

    /// A canvas with nothing on it, in Svelte Flow's shape.
    public static let emptyCanvas: JSONValue = [
        "nodes": [], "edges": [], "viewport": ["x": 0, "y": 0, "zoom": 1],
    ]

    /// What a production is made in until someone says otherwise.
    public static let defaultSettings: JSONValue = [
        "frameRate": "24", "resolution": ["width": 1920, "height": 1080], "colourSpace": "bt709", "sampleRate": 48000,
    ]

    private init(document: JSONValue, uuid: ProjectID, title: String, summary: String, quality: QualityTier) {
        self.document = document
        self.uuid = uuid
        self.title = title
        self.summary = summary
        self.quality = quality
    }
}
