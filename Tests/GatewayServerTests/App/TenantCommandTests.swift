import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("The commands about tenants") struct TenantCommandTests {
    /// A migrated database with no user in it, and an empty workspace.
    private struct Ground {
        let uri: String
        let database: Database
        let workspace: TemporaryDirectory

        var users: UserStore { UserStore(database) }
        var administrator: FirstAdministrator {
            FirstAdministrator(users: users, passwords: TestGateway.passwords)
        }
        var tenants: TenantCreation { TenantCreation(administrator: administrator) }

        static func with(_ body: (Ground) async throws -> Void) async throws {
            let uri = try await PrivatePostgres.shared().database(preparedAs: "gateway") { uri in
                let database = try Database(.patient(uri, connections: 1))
                try await database.migrate(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                await database.close()
            }
            let ground = Ground(
                uri: uri, database: try Database(.patient(uri, connections: 1)),
                workspace: try TemporaryDirectory("ws"))
            do {
                try await body(ground)
            } catch {
                await ground.database.close()
                throw error
            }
            await ground.database.close()
        }

        func projects(of tenant: String, withDatabase: Bool = true) throws -> TenantProjects {
            try TenantProjects(
                folders: ProjectFolders(root: workspace.path, threads: .singleton), tenant: tenant,
                databaseURL: withDatabase ? uri : nil)
        }

        func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: workspace.path(path)) }
    }

    /// Expects a refusal of one kind.
    private func expectRefusal(_ code: StudioError.Code, _ body: () async throws -> Void) async {
        let error = await #expect(throws: StudioError.self) { try await body() }
        #expect(error?.code == code, "\(error?.detail ?? "")")
    }

    @Test func `A tenant is made once, with an administrator whose password is told once`() async throws {
        try await Ground.with { ground in
            let login = try await ground.tenants.create("acme", email: "a@acme.example", password: nil, credits: 7)
            let password = try #require(login.password)
            #expect(login.tenant == "acme" && login.credits == 7 && password.utf8.count == 24)
            let made = try #require(try await ground.users.find(email: "a@acme.example"))
            #expect(made.tenantName == "acme" && made.roles == [.admin])
            #expect(try await TestGateway.passwords.matches(password, hash: made.passwordHash))
            #expect(try await ground.users.account(of: made.id)?.available == 7)
            for email in ["a@acme.example", "b@acme.example"] {
                await expectRefusal(.conflict) {
                    _ = try await ground.tenants.create("acme", email: email, password: nil, credits: 7)
                }
            }
            #expect(try await ground.users.find(email: "a@acme.example") == made)
            #expect(try await ground.users.find(email: "b@acme.example") == nil)
        }
    }

    @Test func `A refused tenant leaves nothing`() async throws {
        try await Ground.with { ground in
            let good = try await ground.tenants.create(
                "acme", email: "a@acme.example", password: "as it was given", credits: 0)
            #expect(good.password == nil)
            let text = try good.text(json: true, setting: "TENANT_ADMIN_PASSWORD")
            #expect(!text.contains("as it was given") && text.contains(#""tenant":"acme""#))
            await expectRefusal(.conflict) {
                _ = try await ground.tenants.create("other", email: "A@acme.example", password: nil, credits: 0)
            }
            await expectRefusal(.invalid) {
                _ = try await ground.tenants.create("other", email: "o@x.example", password: "short", credits: 0)
            }
            await expectRefusal(.invalid) {
                _ = try await ground.tenants.create("other", email: "o@x.example", password: nil, credits: -1)
            }
            await expectRefusal(.invalid) {
                _ = try await ground.tenants.create("other", email: "nobody", password: nil, credits: 0)
            }
            #expect(try await ground.users.tenant(named: "other") == nil)
            await expectRefusal(.invalid) {
                _ = try await ground.tenants.create("../other", email: "o@x.example", password: nil, credits: 0)
            }
            #expect(try await ground.users.find(email: "o@x.example") == nil)
        }
    }

    @Test func `The first login is made also where another tenant was first`() async throws {
        try await Ground.with { ground in
            _ = try await ground.tenants.create("acme", email: "a@acme.example", password: nil, credits: 0)
            func first() async throws -> FirstAdministrator.Login? {
                try await ground.administrator.make(
                    tenant: WorkspaceLayout.defaultTenant, email: "admin@studio.example", password: nil, credits: 1)
            }
            #expect(try await first()?.tenant == WorkspaceLayout.defaultTenant)
            #expect(try await first() == nil)
        }
    }

    @Test func `A project is made and checked in its tenant's folder`() async throws {
        try await Ground.with { ground in
            _ = try await ground.tenants.create("acme", email: "a@acme.example", password: nil, credits: 0)
            let acme = try #require(try await ground.users.tenant(named: "acme"))
            let studio = try await ground.users.createTenant(name: WorkspaceLayout.defaultTenant)
            let store = ProjectStore(ground.database)
            for (tenant, id, folder) in [
                ("acme", acme, "Tenants/acme/Projects/film"), (WorkspaceLayout.defaultTenant, studio, "Projects/film"),
            ] {
                let projects = try ground.projects(of: tenant)
                #expect(!ground.isThere(folder))
                let path = try await projects.create(ProjectName("film"), title: "Film of \(tenant)")
                #expect(path == ground.workspace.path(folder) && ground.isThere("\(folder)/project.json"))
                #expect(try await store.get(tenant: id, name: "film")?.title == "Film of \(tenant)")
                var told: [String] = []
                #expect(try await projects.check(nil, repair: false) { told.append($0) })
                #expect(told == ["film: all is well"])
            }
            // What is wrong with one tenant's project is not found in the other's.
            try FileManager.default.removeItem(
                atPath: ground.workspace.path("Tenants/acme/Projects/film/.gitattributes"))
            #expect(try await !ground.projects(of: "acme").check("film", repair: false) { _ in })
            #expect(try await ground.projects(of: "studio").check("film", repair: false) { _ in })
        }
    }

    @Test func `A tenant that is not there gets no folder`() async throws {
        try await Ground.with { ground in
            let nobody = try ground.projects(of: "nobody")
            await expectRefusal(.notFound) { _ = try await nobody.create(ProjectName("film"), title: "Film") }
            await expectRefusal(.notFound) { _ = try await nobody.check(nil, repair: false) { _ in } }
            #expect(!ground.isThere("Tenants"))
            for name in ["", "../x", "a/b", "-a", "Acme", String(repeating: "a", count: 64)] {
                await expectRefusal(.invalid) { _ = try ground.projects(of: name) }
            }
            // Without a database the folder waits for the gateway to take it in.
            let path = try await ground.projects(of: "acme", withDatabase: false).create(
                ProjectName("film"), title: "Film")
            #expect(
                path == ground.workspace.path("Tenants/acme/Projects/film") && ground.isThere("Tenants/acme/Projects"))
        }
    }
}
