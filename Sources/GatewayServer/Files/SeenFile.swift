import StudioCore
import StudioSystem

/// A file of the checkout as it was read, so that it can be told later whether it still is that. Blocks.
struct SeenFile: Sendable {
    /// What the file system said before the reading.
    let status: FileStatus
    /// What it held.
    let content: FileHash
    /// Whether any later change shows in the file's times.
    private let isSettled: Bool

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - directory: The project's folder.
    ///   - digests: What is known of files already.
    ///   - check: Called for every MiB that is read; what it throws ends the reading.
    /// - Throws: `FileError`, `PathError`, or what `check` throws.
    init(
        _ path: RelativePath, in directory: SafeDirectory, digests: FileDigests, check: () throws -> Void = {}
    ) throws {
        let file = try directory.open(path)
        // Before the reading: what is saved meanwhile must not pass for what was read.
        status = try FileStatus(descriptor: file.raw, path: path.text)
        isSettled = FileDigests.isSettled(status)
        content = try digests.hash(of: file.raw, path: path.text, check: check)
    }

    /// Whether a path names this very file, and nobody has written into it. Its name may have changed, and with it the time
    /// of the last change of any kind.
    ///
    /// - Parameters:
    ///   - path: Where to look.
    ///   - directory: The project's folder.
    /// - Returns: Whether it is the same.
    /// - Throws: `FileError`, `PathError`.
    func isStill(at path: RelativePath, in directory: SafeDirectory) throws -> Bool {
        guard let found = try directory.status(of: path), found.kind == .file, found.isSameFile(as: status),
            found.size == status.size, found.modified == status.modified
        else { return false }
        if isSettled { return true }
        return try FileHash(descriptor: directory.open(path), path: path.text) == content
    }
}

extension FileStatus {
    /// When the content last changed, seconds and nanoseconds: in an order.
    var modified: (Int64, Int64) { (modifiedSeconds, modifiedNanoseconds) }
}
