import QueueProtocol
import StudioCore
import StudioSystem

/// Which files of a project the API reads and writes.
enum FileAccess {
    /// A path that may be read: anything in the project but Git's own files.
    ///
    /// - Throws: `StudioError` with code `invalid` for a path that is none, `not-found` for Git's.
    static func readable(_ text: String) throws(StudioError) -> RelativePath {
        let path = try RelativePath(sent: text, pointer: "/path")
        guard !isGits(path) else { throw StudioError(.notFound, "there is no such file") }
        return path
    }

    /// A path that may be uploaded to: a file below `01_Assets/` or `02_Source_Creative/`.
    ///
    /// - Throws: `StudioError` with code `invalid` for a path that is none, `forbidden` for all other folders.
    static func writable(_ text: String) throws(StudioError) -> RelativePath {
        let path = try RelativePath(sent: text, pointer: "/path")
        let components = path.components
        guard components.count > 1, WorkspaceLayout.uploadable.contains(components[0]) else {
            let folders = WorkspaceLayout.uploadable.map { $0 + "/" }.joined(separator: " and ")
            throw StudioError(.forbidden, "files can be uploaded below \(folders); other folders are read-only here")
        }
        guard !isGits(path) else {
            throw StudioError(.forbidden, "files whose names begin with .git say how Git works and cannot be uploaded")
        }
        return path
    }

    /// `.git/…`, `.gitattributes` and the like: written by an upload they would change what Git does for everybody.
    private static func isGits(_ path: RelativePath) -> Bool {
        path.components.contains { $0.lowercased().hasPrefix(".git") }
    }
}

/// What `Content-Range` says of an upload.
enum UploadRange: Sendable, Hashable {
    /// No header: the body is the whole file.
    case whole
    /// `bytes 0-99/1000`: the body is this part of a file of that length.
    case part(ClosedRange<Int64>, total: Int64)
    /// `bytes */1000`: how much of the file has come?
    case query(total: Int64)

    /// Reads the header.
    ///
    /// - Throws: `StudioError` with code `invalid` where it is none of these.
    init(_ header: String?) throws(StudioError) {
        guard let header else {
            self = .whole
            return
        }
        guard let match = header.wholeMatch(of: #/bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})/#),
            let total = Int64(match.3)
        else { throw Self.refusal }
        guard let first = match.1.flatMap({ Int64($0) }), let last = match.2.flatMap({ Int64($0) }) else {
            self = .query(total: total)
            return
        }
        guard first <= last, last < total else { throw Self.refusal }
        self = .part(first...last, total: total)
    }

    private static let refusal = StudioError.invalid([
        Finding(
            pointer: "/Content-Range", code: "format",
            detail: "write bytes FIRST-LAST/TOTAL for a part, or bytes */TOTAL to ask how much has come")
    ])
}
