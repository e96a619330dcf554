import FoundationEssentials
import HTTPTypes
import QueueProtocol
import StudioCore
import StudioPostgres

/// A project as clients see it.
struct ProjectDocument: Encodable, Sendable {
    struct Links: Encodable, Sendable {
        let `self`: String
        let jobs: String
        let takes: String
        let events: String
    }

    let id: ProjectID
    let name: String
    let title: String
    let description: String
    let quality: QualityTier
    let createdAt: Date
    let createdBy: UserID?
    let archived: Bool
    let archivedAt: Date?
    let paused: Bool
    let weight: Int
    let revision: Int
    let links: Links

    init(_ project: ProjectRecord) {
        id = project.id
        name = project.name
        title = project.title
        description = project.description
        quality = project.quality
        createdAt = project.createdAt
        createdBy = project.createdBy
        archived = project.archivedAt != nil
        archivedAt = project.archivedAt
        paused = project.pausedAt != nil
        weight = project.weight
        revision = project.revision
        let path = Self.path(of: project.name)
        links = Links(self: path, jobs: path + "/jobs", takes: path + "/takes", events: path + "/events")
    }

    static func path(of name: String) -> String { "/api/v1/projects/\(name)" }

    /// The answer to the request that made a project; sorted, so that the one kept for the idempotency key and the one
    /// given now are the same to the byte.
    static func created(_ project: ProjectRecord) throws -> JSONAnswer {
        JSONAnswer(
            encoded: try JSONText.compact(ProjectDocument(project), sortedKeys: true), status: .created,
            headers: [.location: path(of: project.name), .eTag: etag(of: project).description])
    }

    static func etag(of project: ProjectRecord) -> EntityTag { EntityTag(revision: project.revision) }
}

/// The bodies of `POST /projects` and `PATCH /projects/{project}`, with everything that is wrong with them at once.
struct ProjectBody: Sendable {
    static let titleLimit = 200
    static let descriptionLimit = 10_000

    var name: String?
    var title: String?
    var description: String?
    var quality: QualityTier?

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - creating: Whether a project is made: then `name` and `title` are needed; otherwise `name` may not be there.
    /// - Throws: `StudioError` with code `invalid` and everything that is wrong.
    init(_ body: JSONValue, creating: Bool) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var reader = ProjectBodyReader(members: members)
        name = reader.text("name", required: creating, limit: nil)
        if creating, let name {
            do { _ = try ProjectName(name) } catch { reader.findings += error.findings }
        }
        title = reader.text("title", required: creating, limit: Self.titleLimit)
        if let title, title.allSatisfy(\.isWhitespace) {
            reader.findings.append(Finding(pointer: "/title", code: "minLength", detail: "must not be empty"))
        }
        description = reader.text("description", required: false, limit: Self.descriptionLimit)
        quality = reader.quality()
        let known = creating ? ["name", "title", "description", "quality"] : ["title", "description", "quality"]
        for key in members.keys.sorted() where !known.contains(key) {
            reader.findings.append(
                Finding(
                    pointer: "/" + JSONPointer.escaped(key), code: "unknown-member",
                    detail: key == "name"
                        ? "a project's name is its folder's and cannot be changed" : "is not known here"))
        }
        guard reader.findings.isEmpty else { throw .invalid(reader.findings) }
    }
}

/// Reads the members one by one and gathers what is wrong with them.
private struct ProjectBodyReader {
    let members: [String: JSONValue]
    var findings: [Finding] = []

    mutating func text(_ key: String, required: Bool, limit: Int?) -> String? {
        guard let value = members[key], !value.isNull else {
            if required { findings.append(Finding(pointer: "/" + key, code: "required", detail: "is required")) }
            return nil
        }
        guard let text = value.stringValue else {
            findings.append(Finding(pointer: "/" + key, code: "type", detail: "must be text"))
            return nil
        }
        if let limit, text.unicodeScalars.count > limit {
            findings.append(
                Finding(pointer: "/" + key, code: "maxLength", detail: "must have at most \(limit) characters"))
        }
        // PostgreSQL does not keep NUL, and other control characters have no place in a line of text.
        if text.unicodeScalars.contains(where: { $0.value < 32 && $0 != "\n" && $0 != "\t" }) {
            findings.append(Finding(pointer: "/" + key, code: "format", detail: "must not have control characters"))
        }
        return text
    }

    mutating func quality() -> QualityTier? {
        guard let text = text("quality", required: false, limit: nil) else { return nil }
        guard let tier = QualityTier(rawValue: text) else {
            findings.append(Finding(pointer: "/quality", code: "enum", detail: "must be low, standard or high"))
            return nil
        }
        return tier
    }
}
