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
    /// - Throws: `StudioError` with code `invalid` and everything that is wrong.
    public init(reading data: Data) throws(StudioError) {
        let document: JSONValue
        do {
            document = try JSONText.decode(JSONValue.self, from: data)
        } catch {
            throw .invalid([Finding(pointer: "", code: "json", detail: "project.json is not JSON")])
        }
        var findings: [Finding] = []
        func find(_ member: String, _ detail: String) {
            findings.append(Finding(pointer: "/" + member, code: "manifest", detail: detail))
        }
        let version = document["schemaVersion"]?.intValue
        if version == nil { find("schemaVersion", "must be a whole number") }
        if let version, version > Self.currentSchemaVersion {
            find(
                "schemaVersion",
                "\(version) was written by a newer studio; this one reads up to \(Self.currentSchemaVersion)")
        }
        let uuid = document["uuid"]?.stringValue.flatMap { ProjectID($0) }
        if uuid == nil { find("uuid", "must be a UUID") }
        let title = document["title"]?.stringValue
        if title?.isEmpty ?? true { find("title", "must be text") }
        let quality = document["quality"]?.stringValue.flatMap(QualityTier.init(rawValue:))
        if quality == nil { find("quality", "must be low, standard or high") }
        guard findings.isEmpty, let uuid, let title, let quality else { throw .invalid(findings) }
        self.document = document
        self.uuid = uuid
        self.title = title
        self.summary = document["description"]?.stringValue ?? ""
        self.quality = quality
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
