import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// The projects of one tenant as the command line works with them: with the database where there is one, and with the
/// folders alone otherwise.
struct TenantProjects: Sendable {
    let folders: ProjectFolders
    /// The tenant's name; safe as a folder's.
    let tenant: String
    /// Where PostgreSQL is; nil works without.
    let databaseURL: String?

    /// The projects of a tenant.
    ///
    /// - Parameters:
    ///   - folders: Where they lie.
    ///   - tenant: The tenant's name.
    ///   - databaseURL: Where PostgreSQL is; nil works without.
    /// - Throws: `StudioError` with code `invalid` for a name that is none.
    init(folders: ProjectFolders, tenant: String, databaseURL: String?) throws(StudioError) {
        let letters = tenant.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        guard letters, (1...63).contains(tenant.utf8.count), tenant.utf8.first != 0x2d else {
            throw .invalid([
                Finding(
                    pointer: "--tenant", code: "pattern",
                    detail: "a tenant's name is 1 to 63 of a to z, 0 to 9 and -, and does not begin with -")
            ])
        }
        self.folders = folders
        self.tenant = tenant
        self.databaseURL = databaseURL
    }

    /// Makes a project's folder, and tells the database where there is one. Without it the gateway takes the folder in
    /// at its next start.
    ///
    /// - Parameters:
    ///   - name: The project's name.
    ///   - title: Its title.
    /// - Returns: The folder's path.
    /// - Throws: `StudioError`: `not-found` where the database has no such tenant, but for the default one, which the
    ///   first login makes; `conflict` where the name is taken. `PostgresError`.
    func create(_ name: ProjectName, title: String) async throws -> String {
        let scaffold = ProjectScaffold(folders: folders)
        let manifest = ProjectManifest(
            uuid: ProjectID(), title: title, summary: "", quality: .standard, createdAt: Date())
        let made = try await withDatabase { database -> Bool in
            guard let id = try await knownTenant(in: database) else { return false }
            let creation = ProjectCreation(
                projects: ProjectStore(database), writers: ProjectWriters(database), scaffold: scaffold,
                logger: Logger(label: "projects"))
            _ = try await creation.create(
                NewProject(id: manifest.uuid, tenant: id, name: name, title: title, createdBy: nil), tenantName: tenant,
                author: .studio, idempotency: nil)
            return true
        }
        if made != true {
            _ = try await folders.blocking {
                guard try scaffold.make(manifest, tenant: tenant, name: name, author: .studio) == .made else {
                    throw StudioError(.conflict, "the project is there already")
                }
            }
        }
        return folders.path(tenant: tenant, name: name.text)
    }

    /// Checks one project or all.
    ///
    /// - Parameters:
    ///   - name: The project; nil for all in the tenant's folder.
    ///   - repair: Whether to repair what can be repaired.
    ///   - tell: Takes each line of the report.
    /// - Returns: Whether all is well, now.
    /// - Throws: `StudioError`: `invalid` for a name that is none, `not-found` as for `create`; `PostgresError`.
    func check(_ name: String?, repair: Bool, tell: (String) -> Void) async throws -> Bool {
        let all = try await names(name)
        let problems = try await withDatabase { database in
            var problems: [String: [ProjectCheck.Problem]] = [:]
            let (store, writers) = (ProjectStore(database), ProjectWriters(database))
            let id = try await knownTenant(in: database)
            for name in all {
                let record = if let id { try await store.get(tenant: id, name: name) } else { ProjectRecord?.none }
                if let record {
                    problems[name] = try await writers.run(record.id) { _ in
                        examine(name, record: record, repair: repair)
                    }
                } else {
                    problems[name] = try await folders.blocking { examine(name, record: nil, repair: repair) }
                }
            }
            return problems
        }
        var good = true
        for name in all {
            var found = problems?[name]
            if found == nil {
                found = try await folders.blocking { examine(name, record: nil, repair: repair) }
            }
            // A folder that is not there, or no repository, has nothing to hold against anything.
            if found?.allSatisfy({ $0.isRepaired || !["folder", "Git"].contains($0.subject) }) ?? true {
                let home = ObjectHome(tenant: tenant, project: name)
                found = try await (found ?? []) + StorageCheck(folders: folders, home: home, repair: repair).run()
            }
            for problem in found ?? [] { tell("\(name): \(problem)") }
            if (found ?? []).isEmpty { tell("\(name): all is well") }
            good = good && (found ?? []).allSatisfy(\.isRepaired)
        }
        return good
    }

    private func names(_ name: String?) async throws -> [String] {
        if let name { return [try ProjectName(name, pointer: "NAME").text] }
        let parent = folders.parent(tenant: tenant)
        return try await folders.blocking {
            ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [])
                .filter { (try? ProjectName($0)) != nil }.sorted()
        }
    }

    private func knownTenant(in database: Database) async throws -> TenantID? {
        let id = try await UserStore(database).tenant(named: tenant)
        guard id != nil || tenant == WorkspaceLayout.defaultTenant else {
            throw StudioError(.notFound, "there is no tenant \(tenant); 'GatewayServer tenant create' makes one")
        }
        return id
    }

    private func examine(_ name: String, record: ProjectRecord?, repair: Bool) -> [ProjectCheck.Problem] {
        var check = ProjectCheck(
            path: folders.path(tenant: tenant, name: name),
            expected: record.map {
                .init(
                    uuid: $0.id, title: $0.title, summary: $0.description, quality: $0.quality, createdAt: $0.createdAt)
            }, repair: repair)
        return check.run()
    }

    /// Does work with the database; nil where none is named, or it is not there.
    private func withDatabase<Result: Sendable>(_ work: (Database) async throws -> Result) async throws -> Result? {
        guard let databaseURL, !databaseURL.isEmpty else { return nil }
        let database = try Database(
            PostgresConfiguration(databaseURL, applicationName: "studio-project", connections: 1))
        do {
            let isCurrent = try await database.migrationsAreCurrent()
            let result = isCurrent ? try await work(database) : nil
            await database.close()
            return result
        } catch let error as PostgresError where error.code == .unavailable {
            await database.close()
            StandardError.write("PostgreSQL is away; the gateway takes the project in when it starts next.")
            return nil
        } catch {
            await database.close()
            throw error
        }
    }
}
