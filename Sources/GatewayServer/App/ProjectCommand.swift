import ArgumentParser
import NIOPosix
import StudioCore

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

        @OptionGroup var place: TenantOption

        func run() async throws {
            do {
                let name = try ProjectName(name, pointer: "NAME")
                print(try await place.projects.create(name, title: title ?? name.text))
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

        @OptionGroup var place: TenantOption

        func run() async throws {
            do {
                let good = try await place.projects.check(name, repair: repair) { print($0) }
                if !good { throw ExitCode.failure }
            } catch let error as StudioError {
                ProcessEnvironment.refuse("The check could not be made:", error)
                throw ExitCode.failure
            }
        }
    }
}

extension ProjectCommand {
    /// Which tenant's projects.
    struct TenantOption: ParsableArguments {
        @Option(help: "The tenant whose project it is.")
        var tenant = WorkspaceLayout.defaultTenant

        /// The tenant's projects, where the process's environment says they are.
        var projects: TenantProjects {
            get throws {
                let variables = ProcessEnvironment.variables
                let root = variables["WORKSPACE_ROOT"].flatMap { $0.isEmpty ? nil : $0 } ?? "Workspace"
                return try TenantProjects(
                    folders: ProjectFolders(root: GatewayParts.absolute(root), threads: .singleton), tenant: tenant,
                    databaseURL: variables["DATABASE_URL"])
            }
        }
    }
}
