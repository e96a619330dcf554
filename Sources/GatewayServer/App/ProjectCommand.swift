import ArgumentParser
import NIOPosix
import StudioCore
import StudioTransfer

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
                // Rules that concern only a gateway that serves are none of this command's business.
                let (configuration, broken) = ProcessEnvironment.settings
                let own = broken.filter {
                    ["DATABASE_URL_FILE", "WORKSPACE_ROOT_FILE", "STORAGE"].contains($0.pointer)
                        || $0.pointer.hasPrefix("S3_") || $0.pointer.hasPrefix("AWS_")
                }
                guard own.isEmpty else { throw StudioError.invalid(own) }
                let common = configuration.common
                return try TenantProjects(
                    folders: ProjectFolders(
                        root: GatewayParts.absolute(common.workspaceRoot), threads: .singleton,
                        storage: common.storage.remote),
                    tenant: tenant, databaseURL: common.databaseURL)
            }
        }
    }
}
