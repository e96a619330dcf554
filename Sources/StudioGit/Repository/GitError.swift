import CGit2
import Glibc
public import StudioSystem

/// What a Git operation ran into.
public struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no repository at that path.
        case notARepository = "not-a-repository"
        /// There is no such commit, object or file in the repository.
        case notFound = "not-found"
        /// The request itself is wrong: an empty author, a media file given as text.
        case invalid = "invalid"
        /// Someone holds the repository's lock for longer than was waited. May work later.
        case locked = "locked"
        /// A person is in the middle of a merge, rebase or the like. May work later.
        case busy = "busy"
        /// A person has other changes of the same file; theirs were left as they are.
        case conflict = "conflict"
        /// The repository is damaged, or an LFS object is missing or wrong.
        case corrupt = "corrupt"
        /// The disk or the quota is used up.
        case storageFull = "storage-full"
        /// The account this program runs as may not do that.
        case permissionDenied = "permission-denied"
        /// Anything else.
        case ioFailed = "io-failed"
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened, for people.
    public let message: String
    /// What happened, for logs: paths and the library's own words.
    public let detail: String

    /// Whether the same call may work a little later without anyone repairing anything.
    public var isRetryable: Bool { code == .locked || code == .busy }

    /// The message; safe to show.
    public var description: String { message }

    init(_ code: Code, message: String, detail: String = "") {
        self.code = code
        self.message = message
        self.detail = detail
    }

    /// Translates a file's failure.
    ///
    /// - Parameter error: What the file operation threw.
    public init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .alreadyExists, .changed: .conflict
            case .storageFull: .storageFull
            case .permissionDenied: .permissionDenied
            case .ioFailed: .ioFailed
            }
        self.init(code, message: error.message, detail: error.detail)
    }

    /// Translates what libgit2 answered just now on this thread.
    init(libgit2 status: Int32, _ action: String) {
        let number = errno
        let last = git_error_last()
        let area = last?.pointee.klass ?? 0
        // Some failed system calls leave no words, only the error number.
        let words = last.flatMap { $0.pointee.message }.map { String(cString: $0) } ?? String(cString: strerror(number))
        // Otherwise a later failure without words would be told with these.
        git_error_clear()
        let code = Self.code(status: status, area: area, words: words)
        self.init(
            code, message: "\(action) failed: \(Self.explanation(code))",
            detail: "\(action): \(words) (libgit2 \(status))")
    }

    private static func code(status: Int32, area: Int32, words: String) -> Code {
        // libgit2 answers -1 for every failed system call and keeps the reason in its text only.
        if [ENOSPC, EDQUOT, EFBIG].contains(where: { words.contains(String(cString: strerror($0))) }) {
            return .storageFull
        }
        if words.contains(String(cString: strerror(EACCES))) { return .permissionDenied }
        switch git_error_code(status) {
        case GIT_ENOTFOUND: return area == Int32(GIT_ERROR_ODB.rawValue) ? .corrupt : .notFound
        case GIT_ELOCKED: return .locked
        case GIT_EMODIFIED, GIT_EEXISTS, GIT_ECONFLICT, GIT_EMERGECONFLICT: return .conflict
        case GIT_EINVALIDSPEC, GIT_EINVALID: return .invalid
        default: break
        }
        switch git_error_t(UInt32(bitPattern: area)) {
        case GIT_ERROR_ZLIB, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_INDEX, GIT_ERROR_ODB:
            return .corrupt
        default: return .ioFailed
        }
    }

    private static func explanation(_ code: Code) -> String {
        switch code {
        case .notARepository: "there is no Git repository"
        case .notFound: "it is not in the repository"
        case .invalid: "the request is not valid"
        case .locked: "someone else is writing to the repository"
        case .busy: "someone is in the middle of an operation"
        case .conflict: "someone changed it at the same time"
        case .corrupt: "the repository is damaged"
        case .storageFull: "no storage space is left"
        case .permissionDenied: "the studio has no permission"
        case .ioFailed: "the repository could not be read or written"
        }
    }

    /// Runs a body and turns what the file system room throws into this room's error.
    static func translating<Result>(_ body: () throws -> Result) throws(GitError) -> Result {
        do { return try body() } catch let error as GitError { throw error } catch let error as FileError {
            throw GitError(error)
        } catch let error as PathError {
            throw GitError(.invalid, message: error.description, detail: error.code.rawValue)
        } catch {
            throw GitError(.ioFailed, message: "the repository could not be read or written", detail: "\(error)")
        }
    }
}

/// Takes what a call of libgit2 answered, and throws where that is an error.
///
/// - Parameters:
///   - action: What was tried, as in "reading the index".
///   - status: The answer.
/// - Returns: The answer, 0 or more.
/// - Throws: `GitError` with the library's words.
@discardableResult
func git(_ action: String, _ status: Int32) throws(GitError) -> Int32 {
    guard status >= 0 else { throw GitError(libgit2: status, action) }
    return status
}
