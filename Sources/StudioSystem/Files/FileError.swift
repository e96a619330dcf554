import Glibc

/// What a file operation ran into.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such file or folder, or it is not of the kind that was asked for.
        case notFound = "not-found"
        /// Something is there already, and it was not to be replaced.
        case alreadyExists = "already-exists"
        /// Somebody has saved it since it was looked at; theirs was left as it is.
        case changed
        /// The disk, the quota or the process' limit on file sizes is used up.
        case storageFull = "storage-full"
        /// The account this program runs as may not do that.
        case permissionDenied = "permission-denied"
        /// Anything else.
        case ioFailed = "io-failed"
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened, for people: says what was tried and what for, with the file's name but not its folder.
    public let message: String
    /// What happened, for logs: the whole path and the system's own words.
    public let detail: String

    /// Describes a failure that no system call reported.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: What happened, for people.
    ///   - detail: What happened, for logs.
    public init(_ code: Code, message: String, detail: String) {
        self.code = code
        self.message = message
        self.detail = detail
    }

    /// Translates a system call's error.
    ///
    /// - Parameters:
    ///   - number: The value of `errno`.
    ///   - action: What was tried, as in "writing".
    ///   - path: The path it was tried on.
    public init(errno number: Int32, _ action: String, _ path: String) {
        code = Self.code(errno: number)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        message = "\(action) \(name) failed: \(Self.words(code))"
        detail = "\(action) \(path): \(String(cString: strerror(number))) (errno \(number))"
    }

    /// The message; safe to show.
    public var description: String { message }

    /// The kind of failure an `errno` stands for.
    static func code(errno number: Int32) -> Code {
        switch number {
        case ENOENT, ENOTDIR, EISDIR: .notFound
        case EEXIST, ENOTEMPTY: .alreadyExists
        case ENOSPC, EDQUOT, EFBIG: .storageFull
        case EACCES, EPERM, EROFS: .permissionDenied
        default: .ioFailed
        }
    }

    private static func words(_ code: Code) -> String {
        switch code {
        case .notFound: "there is no such file or folder"
        case .alreadyExists: "something of that name is there already"
        case .changed: "somebody has changed it at the same moment"
        case .storageFull: "no storage space is left"
        case .permissionDenied: "the studio has no permission"
        case .ioFailed: "the file system reported an error"
        }
    }
}
