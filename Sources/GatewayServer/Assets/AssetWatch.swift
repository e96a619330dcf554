import FoundationEssentials
import Logging
import NIOPosix
import StudioCore
import StudioSystem
import Synchronization

/// A file of a project's asset folder, by where it lies.
struct AssetPlace: Sendable, Hashable {
    /// The tenant's name.
    let tenant: String
    /// The project's name.
    let project: String
    /// Below the project's folder.
    let path: String
}

/// Watches the asset folders of all projects, those included that come later, and says what is to be looked at.
///
/// The folder tree is watched one folder at a time, so each folder that comes is watched and then listed: what was put into it
/// before the watch began is found by the list. Names that begin with a dot are the program's own or Git's.
final class AssetWatch: Sendable {
    /// What a watched folder is.
    private enum Folder: Hashable {
        /// The workspace.
        case root
        /// The folder of all tenants' folders.
        case tenants
        /// A tenant's folder.
        case tenant(String)
        /// A tenant's folder of projects.
        case projects(tenant: String)
        /// A project's folder, whose asset folder may come.
        case project(tenant: String, name: String)
        /// A folder of assets, by its path below the project's folder.
        case assets(tenant: String, project: String, path: String)
    }

    static let assets = "01_Assets"

    private let root: String
    private let watch: FolderWatch
    private let folders = Mutex<[FolderWatch.Token: Folder]>([:])
    private let onChange: @Sendable (AssetPlace) -> Void
    private let onOverflow: @Sendable () -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - root: The workspace's root.
    ///   - logger: Where it tells what cannot be watched.
    ///   - onChange: Gets each file that may have changed; called on the watch's thread, must not block for long.
    ///   - onOverflow: Called where changes were missed: everything must be looked at.
    /// - Throws: `FileError` where the machine cannot watch folders.
    init(
        root: String, logger: Logger, onChange: @escaping @Sendable (AssetPlace) -> Void,
        onOverflow: @escaping @Sendable () -> Void
    ) throws(FileError) {
        self.root = root
        self.logger = logger
        self.onChange = onChange
        self.onOverflow = onOverflow
        watch = try FolderWatch()
    }

    /// Watches until ``stop()``; everything that lies there already is said to have changed. Blocks its thread.
    func run() {
        enter(.root)
        while true {
            do {
                guard let changes = try watch.next() else { return }
                for change in changes { take(change) }
            } catch {
                logger.error("asset folders are not watched any more", error: error)
                return
            }
        }
    }

    /// Ends ``run()``.
    func stop() { watch.stop() }

    private func take(_ change: FolderWatch.Change) {
        switch change {
        case .overflow:
            enter(.root)
            onOverflow()
        case .moved(let token):
            guard let folder = folders.withLock({ $0[token] }) else { return }
            let path = path(of: folder)
            // What it and those in it are called now: where it was renamed within the tree, that is known already.
            let stale = folders.withLock { folders in
                folders.filter { "\(self.path(of: $0.value))/".hasPrefix(path + "/") }.map(\.key)
            }
            for token in stale { watch.unwatch(token) }
            folders.withLock { folders in for token in stale { folders[token] = nil } }
            enter(folder)
        case .ended(let token): folders.withLock { $0[token] = nil }
        case .entry(let token, let name, let isFolder):
            guard !name.hasPrefix("."), let folder = folders.withLock({ $0[token] }) else { return }
            if isFolder { if let below = Self.folder(name, in: folder) { enter(below) } }
            if case .assets(let tenant, let project, let path) = folder {
                // A folder that was moved away takes its files with it; whoever knows them looks.
                onChange(AssetPlace(tenant: tenant, project: project, path: "\(path)/\(name)"))
            }
        }
    }

    private func enter(_ folder: Folder) {
        let path = path(of: folder)
        do {
            let token = try watch.watch(path)
            folders.withLock { $0[token] = folder }
        } catch {
            guard error.code != .notFound else { return }
            logger.error("an asset folder cannot be watched", error: error, metadata: ["folder": "\(path)"])
            return
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where !name.hasPrefix(".") {
            let isFolder = (try? FileStatus(path: "\(path)/\(name)"))?.kind == .directory
            if isFolder, let below = Self.folder(name, in: folder) {
                enter(below)
            } else if !isFolder, case .assets(let tenant, let project, let path) = folder {
                onChange(AssetPlace(tenant: tenant, project: project, path: "\(path)/\(name)"))
            }
        }
    }

    /// What a folder in a watched folder is; nil for one that does not matter here.
    private static func folder(_ name: String, in folder: Folder) -> Folder? {
        switch folder {
        case .root:
            switch name {
            case WorkspaceLayout.projects: .projects(tenant: WorkspaceLayout.defaultTenant)
            case WorkspaceLayout.tenants: .tenants
            default: nil
            }
        case .tenants: .tenant(name)
        case .tenant(let tenant): name == WorkspaceLayout.projects ? .projects(tenant: tenant) : nil
        case .projects(let tenant): .project(tenant: tenant, name: name)
        case .project(let tenant, let project):
            name == assets ? .assets(tenant: tenant, project: project, path: assets) : nil
        case .assets(let tenant, let project, let path):
            .assets(tenant: tenant, project: project, path: "\(path)/\(name)")
        }
    }

    private func path(of folder: Folder) -> String {
        switch folder {
        case .root: root
        case .tenants: "\(root)/\(WorkspaceLayout.tenants)"
        case .tenant(let tenant): "\(root)/\(WorkspaceLayout.tenants)/\(tenant)"
        case .projects(let tenant): "\(root)/\(WorkspaceLayout.projectsFolder(tenant: tenant))"
        case .project(let tenant, let project):
            "\(root)/\(WorkspaceLayout.projectsFolder(tenant: tenant))/\(project)"
        case .assets(let tenant, let project, let path):
            "\(root)/\(WorkspaceLayout.projectsFolder(tenant: tenant))/\(project)/\(path)"
        }
    }
}
