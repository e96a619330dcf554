import HTTPTypes
import Hummingbird
import HummingbirdCore
import StudioCore
import StudioSystem

/// What a client says of the file that it uploads over: files below `01_Assets/` and `02_Source_Creative/` are documents
/// of people, so one that is there is replaced only by somebody who has seen it.
struct UploadCondition: Sendable {
    private let ifMatch: EntityTagCondition?
    private let ifNoneMatch: EntityTagCondition?

    /// The condition of a request.
    init(_ request: Request) {
        ifMatch = request.headers[.ifMatch].map(EntityTagCondition.init)
        ifNoneMatch = request.headers[.ifNoneMatch].map(EntityTagCondition.init)
    }

    /// Refuses what needs no look into the file, so that nobody sends gigabytes for nothing.
    ///
    /// - Parameter isThere: Whether there is a file.
    /// - Throws: `StudioError`: `precondition-failed` (412) where there is none for `If-Match`, or one in spite of
    ///   `If-None-Match: *`; `precondition-required` (428) where one would be replaced without `If-Match`.
    func check(isThere: Bool) throws(StudioError) {
        guard isThere else {
            guard ifMatch == nil else {
                throw StudioError(.preconditionFailed, "there is no file for If-Match; leave it out for a new one")
            }
            return
        }
        if ifNoneMatch == .any {
            throw StudioError(.preconditionFailed, "there is a file of that name already")
        }
        guard ifMatch != nil else {
            throw StudioError(
                .preconditionRequired, "there is a file of that name; to replace it send If-Match with its ETag")
        }
    }

    /// Holds the condition against the file that is there.
    ///
    /// A stale `If-Match` is let pass where the file is what is uploaded (RFC 9110, section 13.1.1): then it is a request
    /// whose answer was lost.
    ///
    /// - Parameters:
    ///   - present: What the file holds.
    ///   - uploaded: What it is to hold.
    /// - Throws: As ``check(isThere:)``; `precondition-failed` (412) also where the file is another version.
    func check(present: FileHash, uploaded: FileHash) throws(StudioError) {
        try check(isThere: true)
        let tag = EntityTag(present)
        guard ifNoneMatch?.matchesWeakly(tag) != true else {
            throw StudioError(.preconditionFailed, "the file is a version that If-None-Match names")
        }
        guard present == uploaded || ifMatch?.matchesStrongly(tag) == true else {
            throw StudioError(.preconditionFailed, "the file changed since you read it; its ETag is now \(tag)")
        }
    }
}
