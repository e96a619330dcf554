import ArgumentParser
import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// `project create` and `project check`: work with the database where `DATABASE_URL` names one, and without otherwise.
struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Make and check projects, with or without a running gateway.",
        subcommands: [Create.self, Check.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Scaffold a project: folders, manifest, Git repository with LFS, first commit.")

        @Argument(help: "The project's name, also its folder's: letters, digits, _ and -.")
        var name: String

        @Option(help: "The title for people; the name where it is left out.")
        var title: String?

        func run() async throws {
            do {
                let name = try ProjectName(name, pointer: "NAME")
                print(try await ProjectCommand.create(name, title: title ?? name.text))
            } catch let error as StudioError {
                ProcessEnvironment.refuse("The project was not made:", error)
                throw ExitCode.failure
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold projects against the layout; exit 1 where something is wrong and not repaired.")

        @Argument(help: "The project's name; all projects where it is left out.")
        var name: String?

        @Flag(help: "Repair what can be repaired.")
        var repair = false

        func run() async throws {
            do {
                let good = try await ProjectCommand.check(name, repair: repair)
                if !good { throw ExitCode.failure }
            } catch let error as StudioError {
                ProcessEnvironment.refuse("The check could not be made:", error)
                throw ExitCode.failure
            }
        }
    }
}

extension ProjectCommand {
    private static var folders: ProjectFolders {
        let root = ProcessEnvironment.variables["WORKSPACE_ROOT"].flatMap { $0.isEmpty ? nil : $0 } ?? "Workspace"
        return ProjectFolders(root: GatewayParts.absolute(root), threads: .singleton)
    }

    private static let tenant = WorkspaceLayout.defaultTenant

    /// Makes the folder, and tells the database where there is one. Without it the gateway takes the folder in at its
    /// next start.
    ///
    /// - Returns: The folder's path.
    private static func create(_ name: ProjectName, title: String) async throws -> String {
        let folders = folders
        let scaffold = ProjectScaffold(folders: folders)
        let manifest = ProjectManifest(
            uuid: ProjectID(), title: title, summary: "", quality: .standard, createdAt: Date())
        let made = try await withDatabase { database -> Bool in
            guard let id = try await UserStore(database).tenant(named: tenant) else { return false }
            let creation = ProjectCreation(
                projects: ProjectStore(database), scaffold: scaffold, logger: Logger(label: "projects"))
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
    /// - Returns: Whether all is well, now.
    private static func check(_ name: String?, repair: Bool) async throws -> Bool {
        let folders = folders
        let parent = folders.parent(tenant: tenant)
        var names = try name.map { [try ProjectName($0, pointer: "NAME").text] }
        if names == nil {
            names = try await folders.blocking {
                ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [])
                    .filter { (try? ProjectName($0)) != nil }.sorted()
            }
        }
        let all = names ?? []
        let problems = try await withDatabase { database in
            var problems: [String: [ProjectCheck.Problem]] = [:]
            let store = ProjectStore(database)
            let id = try await UserStore(database).tenant(named: tenant)
            for name in all {
                let record = if let id { try await store.get(tenant: id, name: name) } else { ProjectRecord?.none }
                if let record {
                    problems[name] = try await store.withWriter(record.id) { _ in
                        examine(folders, name, record: record, repair: repair)
                    }
                } else {
                    problems[name] = try await folders.blocking { examine(folders, name, record: nil, repair: repair) }
                }
            }
            return problems
        }
        var good = true
        for name in all {
            var found = problems?[name]
            if found == nil {
                found = try await folders.blocking { examine(folders, name, record: nil, repair: repair) }
            }
            for problem in found ?? [] { print("\(name): \(problem)") }
            if (found ?? []).isEmpty { print("\(name): all is well") }
            good = good && (found ?? []).allSatisfy(\.isRepaired)
        }
        return good
    }

    private static func examine(
        _ folders: ProjectFolders, _ name: String, record: ProjectRecord?, repair: Bool
    ) -> [ProjectCheck.Problem] {
        var check = ProjectCheck(
            path: folders.path(tenant: tenant, name: name),
            expected: record.map {
                .init(
                    uuid: $0.id, title: $0.title, summary: $0.description, quality: $0.quality, createdAt: $0.createdAt)
            }, repair: repair)
        return check.run()
    }

    /// Does work with the database; nil where none is named, or it is not there.
    private static func withDatabase<Result: Sendable>(
        _ work: (Database) async throws -> Result
    ) async throws -> Result? {
        guard let url = ProcessEnvironment.variables["DATABASE_URL"], !url.isEmpty else { return nil }
        let database = try Database(PostgresConfiguration(url, applicationName: "studio-project", connections: 1))
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
