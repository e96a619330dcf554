import HTTPTypes
import StudioCore

extension Problem {
    /// A kind of problem: its code, its status and its title. `OpenAPI` lists them all.
    struct Kind: Sendable, Hashable {
        let code: String
        let status: HTTPResponse.Status
        let title: String
    }

    /// Problems that only HTTP knows; everything else is a `StudioError`.
    static let badRequest = Kind(code: "bad-request", status: .badRequest, title: "The request is not valid HTTP")
    static let methodNotAllowed = Kind(
        code: "method-not-allowed", status: .methodNotAllowed, title: "This path does not take this method")
    static let upgradeRequired = Kind(
        code: "upgrade-required", status: .upgradeRequired, title: "This path speaks WebSocket only")
    static let uriTooLong = Kind(code: "uri-too-long", status: .uriTooLong, title: "The address is too long")
    static let headersTooLarge = Kind(
        code: "headers-too-large", status: .requestHeaderFieldsTooLarge, title: "The header is too large")

    /// The kinds above.
    static let httpKinds = [
        badRequest, methodNotAllowed, upgradeRequired, uriTooLong, headersTooLarge,
    ]

    /// Every kind there is.
    static var kinds: [Kind] { StudioError.Code.allCases.map(kind(of:)) + httpKinds }

    /// A problem of a kind.
    init(_ kind: Kind, _ detail: String, headers: HTTPFields = [:]) {
        self.init(code: kind.code, status: kind.status, title: kind.title, detail: detail, headers: headers)
    }

    /// What a refusal in the studio's words is in HTTP's.
    init(_ error: StudioError) {
        self.init(Self.kind(of: error.code), error.detail)
        findings = error.findings
        let wait = error.retryAfterSeconds ?? (error.code == .unavailable ? 2 : nil)
        headers[.retryAfter] = wait.map { String(max(1, $0)) }
    }

    /// The one table from the studio's codes to HTTP's.
    static func kind(of code: StudioError.Code) -> Kind {
        let (status, title): (HTTPResponse.Status, String) =
            switch code {
            case .invalid: (.badRequest, "The request breaks a rule")
            case .unauthenticated: (.unauthorized, "It is not known who asks")
            case .forbidden: (.forbidden, "This is not allowed")
            case .notFound: (.notFound, "There is no such thing")
            case .noGraph: (.notFound, "No canvas made this")
            case .conflict: (.conflict, "The present state does not allow this")
            case .canvasConflict: (.conflict, "Two people changed the same fields of the canvas")
            case .exportExists: (.conflict, "There is an export of that name")
            case .schemaVersionUnsupported: (.conflict, "Another version of the studio wrote this project")
            case .preconditionFailed: (.preconditionFailed, "The document changed since it was read")
            case .preconditionRequired: (.preconditionRequired, "The request must name the version it changes")
            case .idempotencyMismatch: (.unprocessableContent, "The idempotency key came with another request")
            // Not for good, so 429 and not 403; without Retry-After, since nobody knows when a job will be done.
            case .quotaExceeded: (.tooManyRequests, "As much is in use as one user may have")
            case .insufficientCredits: (HTTPResponse.Status(code: 402), "Not enough credits")
            case .tooLarge: (.contentTooLarge, "The body is too large")
            case .rateLimited: (.tooManyRequests, "Too many requests")
            case .unsupportedMediaType: (.unsupportedMediaType, "The body's media type is not read here")
            case .rangeNotSatisfiable: (.rangeNotSatisfiable, "The range lies outside the file")
            case .storageFull: (HTTPResponse.Status(code: 507), "No space is left")
            case .unavailable: (.serviceUnavailable, "A part of the studio is away")
            case .internalFault: (.internalServerError, "A fault of the studio's own")
            }
        return Kind(code: code.rawValue, status: status, title: title)
    }
}
