/// One thing wrong with what was sent, and where.
public struct Finding: Sendable, Hashable, Codable {
    /// JSON pointer (RFC 6901) into the body that was sent; empty for the body as a whole.
    public var pointer: String
    /// A stable word for programs, such as `required`, `maximum`, `path-invalid`.
    public var code: String
    /// What is wrong, for people.
    public var detail: String
    /// The node of a canvas that it is about, by its id; nil where it is about none.
    public var node: String?
    /// The edge of a canvas that it is about, by its id; nil where it is about none.
    public var edge: String?

    /// A finding.
    ///
    /// - Parameters:
    ///   - pointer: Where, as a JSON pointer.
    ///   - code: Which rule, as a stable word.
    ///   - detail: What is wrong, for people.
    ///   - node: The node of a canvas that it is about; default none.
    ///   - edge: The edge of a canvas that it is about; default none.
    public init(pointer: String, code: String, detail: String, node: String? = nil, edge: String? = nil) {
        self.pointer = pointer
        self.code = code
        self.detail = detail
        self.node = node
        self.edge = edge
    }
}

/// A refusal or a fault in the studio's own words, the one error that crosses rooms.
///
/// Adapters translate what their library says into their own error; rooms above them translate that into this, and the
/// HTTP border translates this into a problem document. Its text is safe to show to the person who asked.
public struct StudioError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The body, a parameter or a name breaks its rules; `findings` say which.
        case invalid = "validation-failed"
        /// Who asks is not known: no token, a bad one, a wrong password.
        case unauthenticated = "unauthenticated"
        /// Who asks is known and may not.
        case forbidden = "forbidden"
        /// There is no such thing, or it is another tenant's.
        case notFound = "not-found"
        /// The take was made by no canvas.
        case noGraph = "no-graph"
        /// It is there already, or its state does not allow the request.
        case conflict = "conflict"
        /// A canvas cannot be merged: both sides changed the same fields.
        case canvasConflict = "canvas-conflict"
        /// There is an export of that name, or one is being made, and the request does not say that it may be replaced.
        case exportExists = "export-exists"
        /// The project was written by another version of the studio, whose format this one does not know.
        case schemaVersionUnsupported = "schema-version-unsupported"
        /// The document changed since it was read.
        case preconditionFailed = "precondition-failed"
        /// The request must say which version it changes.
        case preconditionRequired = "precondition-required"
        /// The same idempotency key came with another request.
        case idempotencyMismatch = "idempotency-mismatch"
        /// As much is in use as one user may have at a time; the same request may be sent again when something is done.
        case quotaExceeded = "quota-exceeded"
        /// Not enough credits.
        case insufficientCredits = "insufficient-credits"
        /// The body is larger than the route takes.
        case tooLarge = "too-large"
        /// Too many requests; `retryAfterSeconds` says when to come back.
        case rateLimited = "rate-limited"
        /// The body's media type is not one the route reads.
        case unsupportedMediaType = "unsupported-media-type"
        /// The range asked for lies outside the file.
        case rangeNotSatisfiable = "range-not-satisfiable"
        /// No space is left to keep what was sent.
        case storageFull = "storage-full"
        /// A part the studio needs is away; nothing was kept, and the same request may be sent again.
        case unavailable = "unavailable"
        /// A fault of the studio's own.
        case internalFault = "internal-error"
    }

    /// What kind of refusal it is.
    public var code: Code
    /// What is wrong, for the person who asked.
    public var detail: String
    /// Each thing wrong, for `invalid`.
    public var findings: [Finding]
    /// When to ask again, in seconds, where that is known.
    public var retryAfterSeconds: Int?

    /// An error.
    ///
    /// - Parameters:
    ///   - code: What kind of refusal it is.
    ///   - detail: What is wrong, for people.
    ///   - findings: Each thing wrong; default none.
    ///   - retryAfterSeconds: When to ask again; default unknown.
    public init(_ code: Code, _ detail: String, findings: [Finding] = [], retryAfterSeconds: Int? = nil) {
        self.code = code
        self.detail = detail
        self.findings = findings
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A refusal of a body with all that is wrong with it.
    ///
    /// - Parameter findings: At least one finding.
    /// - Returns: An `invalid` error.
    public static func invalid(_ findings: [Finding]) -> StudioError {
        let first = findings.first.map { $0.pointer.isEmpty ? $0.detail : "\($0.pointer): \($0.detail)" } ?? "invalid"
        let detail = findings.count == 1 ? first : "\(findings.count) problems; the first: \(first)"
        return StudioError(.invalid, detail, findings: findings)
    }

    /// The code and the detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
