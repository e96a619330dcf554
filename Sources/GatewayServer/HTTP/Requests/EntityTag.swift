import HTTPTypes
import Hummingbird
import HummingbirdCore
import StudioCore

/// An entity tag (RFC 9110, section 8.8.3), always strong.
struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    /// What stands between the quotes.
    let opaque: String

    /// A tag; the text must be visible ASCII without quotes.
    init(_ opaque: String) {
        self.opaque = opaque
    }

    /// The tag of a document that counts its changes.
    init(revision: Int) {
        self.init("r\(revision)")
    }

    /// The tag as a header says it.
    var description: String { "\"\(opaque)\"" }

    /// The revision in a tag made with ``init(revision:)``.
    var revision: Int? { opaque.hasPrefix("r") ? Int(opaque.dropFirst()) : nil }
}

/// The value of `If-Match` or `If-None-Match`.
enum EntityTagCondition: Sendable, Hashable {
    /// `*`: whatever is there.
    case any
    /// One of these. Weak tags are kept apart, since they match only weakly.
    case tags(strong: Set<String>, weak: Set<String>)

    /// Reads a header's value; broken parts match nothing.
    init(_ header: String) {
        if header.trimming(while: { $0 == " " }) == "*" {
            self = .any
            return
        }
        var strong: Set<String> = []
        var weak: Set<String> = []
        var rest = header[...]
        while let quote = rest.firstIndex(of: "\"") {
            let isWeak = rest[..<quote].hasSuffix("W/")
            let opaque = rest[rest.index(after: quote)...].prefix { $0 != "\"" }
            guard opaque.endIndex < rest.endIndex else { break }
            if isWeak { weak.insert(String(opaque)) } else { strong.insert(String(opaque)) }
            rest = rest[rest.index(after: opaque.endIndex)...]
        }
        self = .tags(strong: strong, weak: weak)
    }

    /// Strong comparison, for `If-Match` and `If-Range`.
    func matchesStrongly(_ tag: EntityTag) -> Bool {
        switch self {
        case .any: true
        case .tags(let strong, _): strong.contains(tag.opaque)
        }
    }

    /// Weak comparison, for `If-None-Match`.
    func matchesWeakly(_ tag: EntityTag) -> Bool {
        switch self {
        case .any: true
        case .tags(let strong, let weak): strong.contains(tag.opaque) || weak.contains(tag.opaque)
        }
    }
}

extension Request {
    /// The condition of `If-Match`, which must be there: `precondition-required` (428) where it is not.
    ///
    /// For stores that compare within their own transaction; others call ``requireIfMatch(_:)``.
    func ifMatch() throws(StudioError) -> EntityTagCondition {
        guard let header = headers[.ifMatch] else {
            throw StudioError(.preconditionRequired, "send If-Match with the ETag of the version you changed")
        }
        return EntityTagCondition(header)
    }

    /// Holds `If-Match` against a document's tag: 428 where it is missing, 412 where it names other versions.
    func requireIfMatch(_ tag: EntityTag) throws(StudioError) {
        guard try ifMatch().matchesStrongly(tag) else {
            throw StudioError(.preconditionFailed, "the document changed since you read it; its ETag is now \(tag)")
        }
    }

    /// The revision that `If-Match` names, for stores that compare in their own statement; nil for `*`.
    ///
    /// Throws 428 where the header is missing, 412 where it names no revision of ours.
    func ifMatchRevision() throws(StudioError) -> Int? {
        switch try ifMatch() {
        case .any: return nil
        case .tags(let strong, _):
            guard strong.count == 1, let revision = strong.first.flatMap({ EntityTag($0).revision }) else {
                throw StudioError(.preconditionFailed, "If-Match names no version of this document")
            }
            return revision
        }
    }
}
