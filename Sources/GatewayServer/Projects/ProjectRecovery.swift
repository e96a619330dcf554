import FoundationEssentials
import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Brings projects in the database and on disk together: what a crash left half-made is finished or given up, leftovers
/// are removed, and folders the database does not know are taken in.
///
/// All of it happens once at start; while the gateway runs only half-made projects and changes are looked for, such as those
/// whose request lost PostgreSQL in the middle.
struct ProjectRecovery: Service {
    let projects: ProjectStore
    let users: UserStore
    let creation: ProjectCreation
    let manifests: ProjectManifests
    let folders: ProjectFolders
    var interval: Duration = .seconds(30)
    var clock: any Clock<Duration> = ContinuousClock()
    var now: @Sendable () -> Date = { Date() }
    let logger: Logger

    /// Finishes half-made projects and changes until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                do { try await clock.sleep(for: interval) } catch { return }
                // A younger one is most likely being made at this moment.
                let before = now().addingTimeInterval(-Double(interval.components.seconds))
                do {
                    try await finishHalfMade(before: before)
                    try await finishChanges(before: before, tellingFailuresAt: .debug)
                } catch {
                    logger.debug("half-made projects could not be looked for", error: error)
                }
            }
        }
    }

    /// All of it. Faults of single projects are told and do not stop the others.
    ///
    /// - Throws: Only faults of the database.
    func bringTogether() async throws {
        try await finishHalfMade(before: .distantFuture)
        for tenant in try await tenants() {
            let parent = folders.parent(tenant: tenant.name)
            let removed = try await folders.blocking { (try? StagedDirectory.removeLeftovers(in: parent)) ?? [] }
            if !removed.isEmpty {
                logger.notice("leftovers of projects were removed", metadata: ["folders": "\(removed.count)"])
            }
            try await adopt(in: parent, tenant: tenant.id)
        }
        try await finishChanges(before: .distantFuture, tellingFailuresAt: .warning)
    }

    private func finishHalfMade(before: Date) async throws {
        for record in try await projects.unfinished() where record.createdAt < before {
            do {
                _ = try await creation.finish(record, author: try await author(record.createdBy))
                logger.notice("a half-made project was finished", metadata: [LogKey.project: "\(record.name)"])
            } catch let error as StudioError {
                logger.warning(
                    "a half-made project could not be finished", error: error,
                    metadata: [LogKey.project: "\(record.name)"])
            }
        }
    }

    /// Brings every `project.json` up to date whose project was changed and that was not written.
    ///
    /// - Parameters:
    ///   - before: Until when the change was made.
    ///   - level: How loudly a change is told that cannot be finished now, such as during a person's merge.
    /// - Throws: Only faults of the database.
    private func finishChanges(before: Date, tellingFailuresAt level: Logger.Level) async throws {
        for due in try await projects.manifestsDue() where due.since < before {
            do {
                try await manifests.bringUpToDate(due.project, author: try await author(due.author))
                logger.notice("a half-made change was finished", metadata: [LogKey.project: "\(due.name)"])
            } catch let error as PostgresError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.log(
                    level: level, "a half-made change could not be finished", error: error,
                    metadata: [LogKey.project: "\(due.name)"])
            }
        }
    }

    private func author(_ id: UserID?) async throws -> ProjectAuthor {
        guard let id, let user = try await users.find(id) else { return .studio }
        return ProjectAuthor(user)
    }

    /// The tenants whose folders are there; one the database does not know is left alone.
    private func tenants() async throws -> [(name: String, id: TenantID)] {
        let root = folders.root
        let others = try await folders.blocking {
            (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(WorkspaceLayout.tenants)")) ?? []
        }
        var known: [(name: String, id: TenantID)] = []
        for name in [WorkspaceLayout.defaultTenant] + others.sorted() where !name.hasPrefix(".") {
            if let id = try await users.tenant(named: name) { known.append((name, id)) }
        }
        return known
    }

    private func adopt(in parent: String, tenant: TenantID) async throws {
        let found = try await folders.blocking { Self.projects(in: parent) }
        for (name, read) in found {
            let manifest: ProjectManifest
            do {
                manifest = try read.get()
            } catch {
                logger.warning("a project.json cannot be used", error: error, metadata: ["folder": "\(name)"])
                continue
            }
            try await unlock(folder: "\(parent)/\(name)")
            guard try await projects.get(manifest.uuid) == nil else { continue }
            do {
                let record = try await projects.adopt(
                    NewProject(
                        id: manifest.uuid, tenant: tenant, name: name, title: manifest.title,
                        description: manifest.summary, quality: manifest.quality, createdBy: nil))
                logger.notice("a project found on disk was taken in", metadata: [LogKey.project: "\(record.name)"])
            } catch let error as StudioError {
                logger.warning(
                    "a folder cannot be taken in as a project", error: error, metadata: ["folder": "\(name)"])
            }
        }
    }

    /// Finishes the commit of a process that was killed in the middle of one, so that people can use their own `git`.
    private func unlock(folder: String) async throws {
        let recovered = try await folders.blocking { (try? GitRepository(at: folder).recover()) ?? false }
        if recovered { logger.notice("an abandoned commit was finished", metadata: ["folder": "\(folder)"]) }
    }

    /// The projects in a folder: directories, not links, with a good name and a manifest, readable or not. Blocks.
    private static func projects(
        in parent: String
    ) -> [(name: ProjectName, manifest: Result<ProjectManifest, any Error>)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.sorted().compactMap { text in
            let path = "\(parent)/\(text)"
            guard let name = try? ProjectName(text), (try? FileStatus(path: path))?.kind == .directory,
                (try? FileStatus(path: "\(path)/\(WorkspaceLayout.manifest)")) != nil
            else { return nil }
            return (name, Result { try ProjectScaffold.manifest(ofProjectAt: path) })
        }
    }
}
