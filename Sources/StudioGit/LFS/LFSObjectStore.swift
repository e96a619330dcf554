import Glibc
public import StudioSystem

/// The large files of one repository, by digest: `.git/lfs/objects/aa/bb/<oid>`, shared with git-lfs.
///
/// Every call blocks on the file system. Values may be used by several threads, and several processes add the same object
/// at once without harm.
public struct LFSObjectStore: Sendable {
    /// The folder `lfs/objects` of the repository.
    public let path: String

    init(gitDirectory: String) {
        path = "\(gitDirectory)lfs/objects"
    }

    /// Where an object lies, or would.
    ///
    /// - Parameter digest: The object's digest.
    /// - Returns: An absolute path.
    public func path(of digest: SHA256Digest) -> String {
        let hex = digest.hex
        return "\(path)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }

    /// Keeps a finished file as an object, sharing its bytes where the file system can. An object that is there already is
    /// left as it is; one of the wrong length, left by a power failure, is made anew.
    ///
    /// The bytes are not read again: the caller vouches for the digest.
    ///
    /// - Parameters:
    ///   - file: The path of a regular file that nobody changes any more.
    ///   - content: Its digest and size, known from hashing it.
    ///   - hardLinks: False where people may change the file in place: then it is copied where the file system knows no
    ///     reflinks. With a hard link the file becomes read-only, like the object. Default true.
    ///   - check: Called for every 64 MiB that are copied; what it throws ends the copy and nothing is left behind.
    /// - Returns: How it got there; nil where it was there already.
    /// - Throws: `GitError`, `corrupt` where the file does not have the size; or what `check` throws.
    @discardableResult
    public func add(
        file: String, content: FileHash, hardLinks: Bool = true, check: () throws -> Void = {}
    ) throws -> FilePlacement? {
        do {
            guard try FileStatus(path: file).size == content.size else {
                throw GitError(.corrupt, message: "the file changed after it was read", detail: file)
            }
            let object = path(of: content.digest)
            if let found = try? FileStatus(path: object) {
                if found.kind == .file && found.size == content.size { return nil }
                try makeWay(for: object)
            }
            try makeFolders(for: content.digest)
            do {
                return try FilePlacement.placeWithoutReplacing(
                    source: file, destination: FileDestination(path: object), permissions: 0o444,
                    hardLinks: hardLinks, check: check)
            } catch let error as FileError where error.code == .alreadyExists {
                // Another process was quicker with the same bytes.
                return nil
            }
        } catch let error as FileError { throw GitError(error) }
    }

    /// Whether an object is there with the right length. The bytes are not read.
    ///
    /// - Parameter content: The object's digest and size.
    /// - Returns: Whether it is there.
    public func contains(_ content: FileHash) -> Bool {
        guard let status = try? FileStatus(path: path(of: content.digest)) else { return false }
        return status.kind == .file && status.size == content.size
    }

    /// Reads an object and compares it with its name.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size.
    ///   - check: Called for every MiB; what it throws ends the reading.
    /// - Returns: Whether it is there and right.
    /// - Throws: `GitError` where it cannot be read; or what `check` throws.
    public func verify(_ content: FileHash, check: () throws -> Void = {}) throws -> Bool {
        do {
            return try FileHash(file: path(of: content.digest), check: check) == content
        } catch let error as FileError {
            if error.code == .notFound { return false }
            throw GitError(error)
        }
    }

    private func makeFolders(for digest: SHA256Digest) throws {
        let hex = digest.hex
        let lfs = FileBytes.folder(of: path)
        var folder = "\(path)/\(hex.prefix(2))"
        for folder in [lfs, path, folder] { try Self.makeFolder(folder) }
        folder += "/\(hex.dropFirst(2).prefix(2))"
        try Self.makeFolder(folder)
    }

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw FileError(errno: errno, "making", path) }
    }

    /// Takes a broken object away in one step, so that two processes cannot remove each other's good one.
    private func makeWay(for object: String) throws {
        let aside = "\(object).\(Hexadecimal.encode(SecureRandom.bytes(4))).broken"
        guard rename(object, aside) == 0 || errno == ENOENT else { throw FileError(errno: errno, "replacing", object) }
        unlink(aside)
    }
}
