public import StudioCore

/// A fault of PostgreSQL or of the way to it. Its description never shows SQL or values.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The server is away, or the connection was lost before anything could have been committed.
        case unavailable
        /// More calls wait for a connection than the configuration allows, or the database is closed.
        case overloaded
        /// The connection was lost while COMMIT was under way: it may or may not have happened.
        case commitUnknown = "commit-unknown"
        /// A unique constraint refused it (23505).
        case uniqueViolation = "unique-violation"
        /// A CHECK or a trigger refused it (23514).
        case checkViolation = "check-violation"
        /// A foreign key refused it (23503).
        case foreignKeyViolation = "foreign-key-violation"
        /// Transactions could not be put in an order (40001); it may be tried again.
        case serializationFailure = "serialization-failure"
        /// Transactions waited for each other (40P01); it may be tried again.
        case deadlock
        /// The statement or the wait for a lock took too long (57014, 55P03, 25P03).
        case timeout
        /// The caller was cancelled while it waited for a connection.
        case cancelled
        /// A value cannot be kept: text with a NUL character, JSON with a NaN (22021, 22P05).
        case invalidValue = "invalid-value"
        /// No space is left on the server (53100).
        case diskFull = "disk-full"
        /// The server takes no writes (25006).
        case readOnly = "read-only"
        /// A column is not there, is null, or is no such value.
        case decoding
        /// Anything else the server refused; `sqlState` says what.
        case server
    }

    /// What kind of fault.
    public var code: Code
    /// The SQLSTATE, where the server gave one.
    public var sqlState: String?
    /// The constraint that refused, where one did.
    public var constraint: String?
    /// More for an operator's log: why no connection could be made, or which column could not be read. Never SQL,
    /// values or passwords; may name a host, so it is no part of `description`.
    public var operatorDetail: String?

    /// An error.
    ///
    /// - Parameters:
    ///   - code: What kind of fault.
    ///   - sqlState: The SQLSTATE; default none.
    ///   - constraint: The constraint that refused; default none.
    ///   - operatorDetail: More for an operator's log; default none.
    public init(_ code: Code, sqlState: String? = nil, constraint: String? = nil, operatorDetail: String? = nil) {
        self.code = code
        self.sqlState = sqlState
        self.constraint = constraint
        self.operatorDetail = operatorDetail
    }

    /// The code, the SQLSTATE and the constraint.
    public var description: String {
        var text = "PostgreSQL: \(code.rawValue)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let constraint { text += " on \(constraint)" }
        return text
    }

    /// The same in the studio's own words: what the HTTP border answers with.
    public var asStudioError: StudioError {
        switch code {
        case .unavailable, .commitUnknown, .cancelled, .readOnly:
            StudioError(.unavailable, "the studio's database is away; please try again", retryAfterSeconds: 2)
        case .overloaded, .timeout, .serializationFailure, .deadlock:
            StudioError(.unavailable, "the studio's database is busy; please try again", retryAfterSeconds: 1)
        case .diskFull:
            StudioError(.storageFull, "the studio's database has no space left")
        case .uniqueViolation:
            StudioError(.conflict, "it is there already")
        case .invalidValue:
            StudioError(.invalid, "a text has a character that cannot be stored, such as NUL")
        case .checkViolation, .foreignKeyViolation, .decoding, .server:
            StudioError(.internalFault, "the studio's database refused what it was given")
        }
    }

    /// The fault behind a SQLSTATE.
    static func code(forSQLState state: String) -> Code {
        switch state {
        case "23505": .uniqueViolation
        case "23514": .checkViolation
        case "23503": .foreignKeyViolation
        case "40001": .serializationFailure
        case "40P01": .deadlock
        case "57014", "55P03", "25P03": .timeout
        case "22021", "22P05": .invalidValue
        case "53100": .diskFull
        case "25006": .readOnly
        // Connection exceptions; the server shuts down, crashed, or is not up yet; it has no connection left to give.
        case "57P01", "57P02", "57P03", "57P05", "53300": .unavailable
        default: state.hasPrefix("08") ? .unavailable : .server
        }
    }
}
