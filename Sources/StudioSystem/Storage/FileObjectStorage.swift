import FoundationEssentials
import Glibc
import StudioCore

/// Objects in the workspace itself, where git-lfs looks for them: `.git/lfs/objects/aa/bb/<oid>` of each project.
public struct FileObjectStorage: ObjectStorage {
    /// As many objects are in a page of a list.
    private static let page = 1000

    /// The workspace's absolute path.
    public let root: String

    /// The objects of a workspace.
    ///
    /// - Parameter root: The workspace's absolute path.
    public init(root: String) { self.root = root }

    /// Says that it is the workspace.
    public var name: String { "the workspace" }
    /// True.
    public var isLocal: Bool { true }

    /// Copies a file into its place. See ``ObjectStorage/put(_:from:of:)``.
    public func put(_ content: FileHash, from file: String, of home: ObjectHome) async throws(StorageError) {
        let object = path(of: content.digest, home)
        try await FileThreads.storing {
            if let found = try? FileStatus(path: object), found.kind == .file, found.size == content.size { return }
            guard try FileStatus(path: file).size == content.size else {
                throw StorageError(.corrupt, "the file changed after it was read", detail: file)
            }
            try FileManager.default.createDirectory(
                atPath: FileBytes.folder(of: object), withIntermediateDirectories: true)
            do {
                // A copy: whoever asks for this has no object yet, and the file may be changed in place later.
                _ = try FilePlacement.placeWithoutReplacing(
                    source: file, destination: FileDestination(path: object), permissions: 0o444, hardLinks: false)
            } catch let error as FileError where error.code == .alreadyExists {
                guard (try? FileStatus(path: object))?.size == content.size else {
                    throw StorageError(.corrupt, "an object of another size has this name", detail: object)
                }
            }
        }
    }

    /// Looks at the object's size. See ``ObjectStorage/contains(_:of:)``.
    public func contains(_ content: FileHash, of home: ObjectHome) async throws(StorageError) -> Bool {
        let object = path(of: content.digest, home)
        return try await FileThreads.storing {
            guard let found = try? FileStatus(path: object) else { return false }
            return found.kind == .file && found.size == content.size
        }
    }

    /// Copies an object. See ``ObjectStorage/fetch(_:to:of:)``.
    public func fetch(_ content: FileHash, to file: String, of home: ObjectHome) async throws(StorageError) {
        let object = path(of: content.digest, home)
        try await FileThreads.storing {
            guard (try? FileStatus(path: object))?.kind == .file else {
                throw StorageError(.notFound, "the file's bytes are not in the workspace", detail: object)
            }
            guard try FileHash(file: object) == content else {
                throw StorageError(.corrupt, "the kept bytes are not those of the file", detail: object)
            }
            _ = try FilePlacement.placeWithoutReplacing(
                source: object, destination: FileDestination(path: file), permissions: 0o600, hardLinks: false)
        }
    }

    /// Removes an object. See ``ObjectStorage/remove(_:of:)``.
    public func remove(_ digest: SHA256Digest, of home: ObjectHome) async throws(StorageError) {
        let object = path(of: digest, home)
        try await FileThreads.storing {
            guard unlink(object) == 0 || errno == ENOENT || errno == ENOTDIR else {
                throw FileError(errno: errno, "removing", object)
            }
        }
    }

    /// Looks through the folders. See ``ObjectStorage/list(of:after:)``.
    public func list(of home: ObjectHome, after last: SHA256Digest?) async throws(StorageError) -> [FileHash] {
        let folder = folder(of: home)
        return try await FileThreads.storing {
            var found: [FileHash] = []
            let begin = last?.hex ?? ""
            for first in Self.names(in: folder, length: 2) where first >= begin.prefix(2) {
                for second in Self.names(in: "\(folder)/\(first)", length: 2)
                where first + second >= begin.prefix(4) {
                    let here = "\(folder)/\(first)/\(second)"
                    for name in Self.names(in: here, length: 64) where name > begin {
                        guard let digest = SHA256Digest(hex: name), name.hasPrefix(first + second),
                            let status = try? FileStatus(path: "\(here)/\(name)"), status.kind == .file
                        else { continue }
                        found.append(FileHash(digest: digest, size: status.size))
                    }
                    if found.count >= Self.page { return found }
                }
            }
            return found
        }
    }

    /// There are no such addresses.
    public func link(to content: FileHash, of home: ObjectHome, _ terms: ObjectLinkTerms) -> String? { nil }

    /// Looks for the workspace. See ``ObjectStorage/check()``.
    public func check() async throws(StorageError) {
        let root = root
        try await FileThreads.storing {
            guard try FileStatus(path: root).kind == .directory else {
                throw StorageError(.unavailable, "the workspace is not there", detail: root)
            }
        }
    }

    private func folder(of home: ObjectHome) -> String {
        "\(root)/\(WorkspaceLayout.projectsFolder(tenant: home.tenant))/\(home.project)/.git/lfs/objects"
    }

    private func path(of digest: SHA256Digest, _ home: ObjectHome) -> String {
        let hex = digest.hex
        return "\(folder(of: home))/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }

    private static func names(in folder: String, length: Int) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.utf8.count == length }
            .sorted()
    }
}
