import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioGit

/// A canvas with its canonical text and that text's tag: the name that Git has for it, so that a version a client began
/// with is found again in the repository by its tag alone.
struct CanvasVersion: Sendable {
    /// The largest text, in bytes, as it is sent and as it is kept.
    static let longest = 16 << 20
    static let mostNodes = 20_000
    static let mostEdges = 100_000

    let document: CanvasDocument
    let text: [UInt8]
    let etag: EntityTag

    /// A version.
    ///
    /// - Parameter document: The canvas.
    /// - Throws: `StudioError` with code `too-large` where its text is longer than ``longest``.
    init(_ document: CanvasDocument) throws {
        self.document = document
        let text = Array(document.text)
        guard !text.isEmpty else { throw StudioError(.internalFault, "a canvas has a number that cannot be written") }
        self.text = text
        guard text.count <= Self.longest else {
            throw StudioError(
                .tooLarge,
                "the canvas has \(text.count) bytes as it is kept, with one member a line; \(Self.longest) are the most"
            )
        }
        etag = EntityTag(try ProjectRepository.translating { try GitRepository.blobName(of: text) })
    }

    /// Reads a file.
    ///
    /// - Throws: `StudioError` with code `invalid` where it is no canvas; `too-large`.
    init(reading bytes: [UInt8]) throws {
        try self.init(CanvasDocument(reading: Data(bytes)))
    }

    /// Reads what somebody sent to be saved.
    ///
    /// - Parameters:
    ///   - value: The canvas.
    ///   - pointer: Where it stands in what was sent.
    /// - Throws: `StudioError` with code `invalid` and all findings: what has an id twice cannot be merged, and is not kept;
    ///   `too-large`.
    init(sent value: JSONValue, pointer: String = "") throws {
        let document = try CanvasDocument(value, pointer: pointer)
        var findings: [Finding] = []
        func check(_ ids: [String], _ list: String, _ most: Int) {
            if ids.count > most {
                findings.append(
                    Finding(
                        pointer: "\(pointer)/\(list)", code: "maxItems",
                        detail: "has \(ids.count) of them; \(most) are the most"))
            }
            var seen: Set<String> = []
            for (index, id) in ids.enumerated() where !seen.insert(id).inserted && findings.count < 100 {
                findings.append(
                    Finding(
                        pointer: "\(pointer)/\(list)/\(index)/id", code: "duplicate-id",
                        detail: "\(id) is the id of another one too", node: list == "nodes" ? id : nil,
                        edge: list == "edges" ? id : nil))
            }
        }
        check(document.nodes.map(\.id), "nodes", Self.mostNodes)
        check(document.edges.map(\.id), "edges", Self.mostEdges)
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        try self.init(document)
    }
}

/// What `If-Match` and `If-None-Match` say of the canvas that is saved over.
struct CanvasCondition: Sendable {
    private let ifMatch: EntityTagCondition?
    private let isNew: Bool

    /// How a condition stands to what is there.
    enum Verdict: Sendable, Hashable {
        /// It holds.
        case met
        /// It does not, but what is sent is what is there: a request whose answer was lost (RFC 9110, section 13.1.1).
        case alreadyDone
        /// It does not.
        case stale
    }

    /// A condition.
    ///
    /// - Parameters:
    ///   - ifMatch: The versions that may be there; nil takes none to be there.
    ///   - isNew: Whether none may be there.
    init(ifMatch: EntityTagCondition?, isNew: Bool = false) {
        self.ifMatch = ifMatch
        self.isNew = isNew
    }

    /// The condition of a request.
    ///
    /// - Throws: `StudioError` with code `precondition-required` (428) where it has none.
    init(_ request: Request) throws(StudioError) {
        ifMatch = request.headers[.ifMatch].map(EntityTagCondition.init)
        isNew = request.headers[.ifNoneMatch].map(EntityTagCondition.init) == .any
        guard ifMatch != nil || isNew else {
            throw StudioError(
                .preconditionRequired,
                "send If-Match with the ETag of the version you changed, or If-None-Match: * for a new canvas")
        }
    }

    func verdict(present: EntityTag?, sent: EntityTag?) -> Verdict {
        let isMet =
            present.map { tag in !isNew && ifMatch?.matchesStrongly(tag) ?? true } ?? (ifMatch == nil)
        if isMet { return .met }
        return present != nil && present == sent ? .alreadyDone : .stale
    }

    /// The version that was changed; nil where the condition names none, or several.
    var base: EntityTag? {
        guard case .tags(let strong, _)? = ifMatch, strong.count == 1, let tag = strong.first else { return nil }
        return EntityTag(tag)
    }
}
