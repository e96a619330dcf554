/// Why an object could not be kept or had.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such object.
        case notFound = "not-found"
        /// What is kept under its name has other bytes.
        case corrupt
        /// The keys are not known there, or may not do that.
        case accessDenied = "access-denied"
        /// There is no such bucket.
        case noBucket = "no-bucket"
        /// This machine's clock is too far from the storage's.
        case clockSkewed = "clock-skewed"
        /// It does not answer, or says that it cannot now; asked again later it may.
        case unavailable
        /// No room is left.
        case storageFull = "storage-full"
        /// It refuses what is asked, and would again.
        case refused
        /// A local file could not be read or written.
        case fileFailed = "file-failed"
        /// The caller was cancelled.
        case cancelled
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened, for people: no address of a machine, no path, no key.
    public let message: String
    /// What happened, for logs; never a secret.
    public let detail: String

    /// A failure.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: What happened, for people.
    ///   - detail: What happened, for logs; default the message.
    public init(_ code: Code, _ message: String, detail: String? = nil) {
        self.code = code
        self.message = message
        self.detail = detail ?? message
    }

    /// What a file operation ran into.
    ///
    /// - Parameter error: Its error.
    public init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .storageFull: .storageFull
            case .alreadyExists, .changed, .permissionDenied, .ioFailed: .fileFailed
            }
        self.init(code, error.message, detail: error.detail)
    }

    /// Whether the same may go well a little later.
    public var isTransient: Bool { code == .unavailable || code == .storageFull || code == .clockSkewed }

    /// Code and message; safe to show.
    public var description: String { "\(code.rawValue): \(message)" }
}
