import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// Makes a project's folder: files, Git repository, first commit; then lets it appear at once. Knows no database. All of
/// this blocks.
struct ProjectScaffold: Sendable {
    /// What came of it.
    enum Outcome: Sendable, Hashable {
        case made
        /// The folder of this very project was there: an earlier attempt got that far.
        case alreadyThere
    }

    let folders: ProjectFolders

    /// Makes the folder, or finds that it was made.
    ///
    /// After a crash anywhere in it nothing is seen of the project, and the same call makes it.
    ///
    /// - Parameters:
    ///   - manifest: The project's manifest.
    ///   - tenant: The tenant's name.
    ///   - name: The project's name.
    ///   - author: Who makes it.
    /// - Returns: What came of it.
    /// - Throws: `StudioError` with code `conflict` where another folder has the name, in whatever letter case;
    ///   `storage-full`; others. Nothing is left behind then.
    func make(
        _ manifest: ProjectManifest, tenant: String, name: ProjectName, author: ProjectAuthor
    ) throws -> Outcome {
        let parent = folders.parent(tenant: tenant)
        do {
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        } catch {
            throw StudioError(.internalFault, "the workspace's folder for projects cannot be made")
        }
        if let holder = Self.holder(of: name, in: parent) {
            guard holder == name.text, Self.uuid(ofProjectAt: "\(parent)/\(holder)") == manifest.uuid else {
                throw Self.taken(by: holder)
            }
            return .alreadyThere
        }
        return try folders.translating {
            do {
                // Removed again with everything in it where one of the next lines throws.
                let staging = try StagedDirectory(final: "\(parent)/\(name)")
                let files = try ProjectSkeleton.files(manifest)
                try ProjectSkeleton.write(files, into: SafeDirectory(staging.path))
                try ProjectRepository.create(
                    at: staging.path, files: files.map(\.path), message: "Create the project \(name)", author: author)
                try staging.publish()
                return .made
            } catch let error as FileError where error.code == .alreadyExists {
                throw Self.taken(by: name.text)
            }
        }
    }

    /// The entry that has the name already, in whatever letter case.
    private static func holder(of name: ProjectName, in parent: String) -> String? {
        let wanted = name.text.lowercased()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.first { $0 == name.text } ?? names.first { $0.lowercased() == wanted }
    }

    /// The id in a folder's manifest; nil where it has no readable one.
    static func uuid(ofProjectAt path: String) -> ProjectID? { (try? manifest(ofProjectAt: path))?.uuid }

    /// The manifest of the project in a folder.
    static func manifest(ofProjectAt path: String) throws -> ProjectManifest {
        let directory = try SafeDirectory(path)
        let file = try directory.open(RelativePath(WorkspaceLayout.manifest))
        let bytes = try FileBytes.contents(
            of: file.raw, path: WorkspaceLayout.manifest, atMost: ProjectManifests.sizeLimit)
        return try ProjectManifest(reading: Data(bytes))
    }

    private static func taken(by holder: String) -> StudioError {
        StudioError(.conflict, "the folder \(holder) is there already; names differ in more than case")
    }
}
