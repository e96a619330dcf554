import StudioCore
import StudioGit
import StudioSystem

/// Holds a project's large files against the storage: what the workspace has is kept there too, and what the project names is
/// somewhere. It is also how a workspace moves to a storage.
struct StorageCheck: Sendable {
    /// As many files are named.
    private static let named = 20

    let folders: ProjectFolders
    let home: ObjectHome
    let repair: Bool

    /// Looks, and sends what is missing where that was asked for.
    ///
    /// - Returns: What was wrong, repaired or not; nothing where the workspace is all there is.
    /// - Throws: `StudioError` where the storage does not answer.
    func run() async throws -> [ProjectCheck.Problem] {
        let storage = folders.objects.storage
        guard !storage.isLocal else { return [] }
        let folder = folders.path(tenant: home.tenant, name: home.project)
        let kept = try await all(of: storage)
        let local = try await all(of: FileObjectStorage(root: folders.root))
        var problems: [ProjectCheck.Problem] = []
        let lacking = local.subtracting(kept)
        if !lacking.isEmpty {
            if repair {
                for content in lacking {
                    try await folders.storing { () async throws(StorageError) in
                        try await folders.objects.keep(content, of: home, in: folder)
                    }
                }
            }
            problems.append(
                .init(
                    subject: "storage", detail: "\(lacking.count) large files are in the workspace only",
                    isRepaired: repair))
        }
        let files = try await folders.blocking {
            try ProjectRepository.translating { try GitRepository(at: folder).largeFiles() }
        }
        let gone = files.filter { !kept.contains($0.content) && !local.contains($0.content) }
        for file in gone.prefix(Self.named) {
            problems.append(
                .init(subject: file.path, detail: "its bytes are neither in the workspace nor in the storage"))
        }
        if gone.count > Self.named {
            problems.append(.init(subject: "storage", detail: "so are those of \(gone.count - Self.named) more files"))
        }
        return problems
    }

    private func all(of storage: any ObjectStorage) async throws -> Set<FileHash> {
        var all: Set<FileHash> = []
        var last: SHA256Digest?
        while true {
            let after = last
            let page = try await folders.storing { () async throws(StorageError) in
                try await storage.list(of: home, after: after)
            }
            guard let end = page.last else { return all }
            all.formUnion(page)
            last = end.digest
        }
    }
}
