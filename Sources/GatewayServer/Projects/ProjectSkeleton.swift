import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// The files that a new project has, apart from Git's own.
enum ProjectSkeleton {
    /// A file of the skeleton.
    struct File: Sendable {
        let path: String
        let contents: Data
    }

    /// Every file that Git keeps, with its contents.
    ///
    /// - Parameter manifest: The project's manifest.
    /// - Returns: The files.
    /// - Throws: `EncodingError` where the manifest holds a number JSON cannot say.
    static func files(_ manifest: ProjectManifest) throws -> [File] {
        var files = [
            File(path: WorkspaceLayout.manifest, contents: try manifest.fileContents()),
            File(path: ".gitignore", contents: Data(WorkspaceLayout.gitignore.utf8)),
            File(path: ".gitattributes", contents: Data(WorkspaceLayout.gitattributes.utf8)),
            File(path: WorkspaceLayout.mainCanvas, contents: try JSONText.document(canvas(of: manifest))),
        ]
        files += WorkspaceLayout.keptEmptyFolders.map { File(path: $0 + "/.gitkeep", contents: Data()) }
        return files
    }

    /// The main canvas as the manifest holds it.
    static func canvas(of manifest: ProjectManifest) -> JSONValue {
        manifest.document["canvas"] ?? ProjectManifest.emptyCanvas
    }

    /// Makes all folders and writes all files into an empty folder. Blocks.
    ///
    /// - Parameters:
    ///   - files: What to write.
    ///   - directory: The folder.
    /// - Throws: `FileError`, `PathError`.
    static func write(_ files: [File], into directory: SafeDirectory) throws {
        for folder in WorkspaceLayout.folders { try directory.makeDirectories(RelativePath(folder)) }
        for file in files { try write(file, into: directory, inPlaceOf: nil) }
    }

    /// Writes one file and makes the folders above it. Blocks.
    ///
    /// - Parameters:
    ///   - file: What to write.
    ///   - directory: The folder.
    ///   - old: What the file holds that it replaces; nil where there is none.
    /// - Throws: `FileError`, `changed` or `alreadyExists` where something else is there by now; `PathError`.
    static func write(_ file: File, into directory: SafeDirectory, inPlaceOf old: [UInt8]?) throws {
        let path = try RelativePath(file.path)
        if let parent = path.parent { try directory.makeDirectories(parent) }
        try DurableFile.write(file.contents, to: FileDestination(in: directory, at: path), inPlaceOf: old)
    }
}
