import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioSystem

/// The workspace as a worker sees it: the projects' folders below one root.
struct WorkspaceFolders: Sendable {
    /// The absolute path of the workspace's root.
    let root: String
    /// The projects' large files, those that the workspace lacks too.
    let objects: ProjectObjects

    /// - Parameters:
    ///   - root: The absolute path of the workspace's root.
    ///   - storage: Where large files are kept for good; default the workspace itself.
    init(root: String, storage: (any ObjectStorage)? = nil) {
        self.root = root
        objects = ProjectObjects(storage: storage ?? FileObjectStorage(root: root))
    }

    /// A project's folder.
    ///
    /// - Throws: `JobFailure` with `input-missing` where it is not there.
    func project(tenant: String, name: String) throws(JobFailure) -> ProjectFolder {
        do {
            return try ProjectFolder("\(root)/\(WorkspaceLayout.projectsFolder(tenant: tenant))/\(name)")
        } catch {
            throw JobFailure(.inputMissing, "The folder of the project \(name) is not there.", retryable: true)
        }
    }

    /// Every project folder there is. Blocks.
    func allProjects() -> [ProjectFolder] {
        let tenants = Self.names(in: "\(root)/\(WorkspaceLayout.tenants)")
        let parents = [WorkspaceLayout.projects] + tenants.map { WorkspaceLayout.projectsFolder(tenant: $0) }
        return parents.flatMap { parent in
            Self.names(in: "\(root)/\(parent)").compactMap { try? ProjectFolder("\(root)/\(parent)/\($0)") }
        }
    }

    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }
}

/// One project's folder. Its calls block.
struct ProjectFolder: Sendable {
    /// The folder's absolute path.
    let path: String
    let directory: SafeDirectory

    init(_ path: String) throws(FileError) {
        self.path = path
        directory = try SafeDirectory(path)
    }

    /// The project's name.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The absolute path of an input, checked to be a regular file of the project.
    ///
    /// - Throws: `JobFailure` with `input-missing`; one that may be tried again where the file may well be there, and this
    ///   machine cannot open it now.
    func input(_ text: String, port: String) throws(JobFailure) -> String {
        do {
            let relative = try RelativePath(text)
            guard !relative.components[0].hasPrefix(".git") else { throw Refused() }
            // Opened and closed again: a link that leads out of the project is refused here, by the kernel.
            _ = try directory.open(relative)
            return directory.absolutePath(of: relative)
        } catch let error as FileError where error.code != .notFound {
            throw JobFailure(.inputMissing, "The input \(port), \(text), cannot be read.", retryable: true)
        } catch {
            throw JobFailure(.inputMissing, "The input \(port), \(text), is not there.")
        }
    }

    /// The highest number of a take that lies on disk for a shot's version, so that a number whose row was lost with a
    /// database is not given again; 0 where there is none.
    func highestTakeNumber(shot: String, version: Int) -> Int {
        WorkspaceFolders.names(in: "\(path)/\(WorkspaceLayout.renders)/\(shot)")
            .compactMap { TakeName(fileName: $0) }
            .filter { $0.shot.text == shot && $0.version == version }
            .map(\.number).max() ?? 0
    }
}

/// The reason is in the words of the failure it becomes.
private struct Refused: Error {}
