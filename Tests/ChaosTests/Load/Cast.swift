import Foundation
import QueueProtocol
import StudioTestKit

/// Somebody who submits.
struct Member: Sendable {
    let email: String
    let token: String
    /// Credits they were given, all that they ever had.
    let granted: Int
    let projects: [ChaosProject]
}

/// A project of a run.
struct ChaosProject: Sendable, Hashable {
    let tenant: Int
    let name: String
    let folder: String
    /// A token of somebody who may read it.
    let token: String
}

/// The people and projects of a run: two tenants with two people and two projects each.
struct Cast: Sendable {
    static let credits = 1_000_000
    static let garbage = "01_Assets/Media/Video/garbage.mp4"

    let members: [Member]
    let projects: [ChaosProject]
    /// The token of one who operates the studio.
    let operatorToken: String

    init(_ studio: ChaosStudio) async throws {
        let client = GatewayClient(studio.ports, patience: 20_000)
        let made = try await ProgramUnderTest.gateway.run(
            ["tenant", "create", "second", "--admin-email", "a1@studio.local", "--json"],
            environment: studio.environment)
        guard made.exit == .code(0) else { throw TestKitError("tenant create: \(made.errors)") }
        var members: [Member] = []
        var projects: [ChaosProject] = []
        var operatorToken = ""
        for tenant in 0..<2 {
            let admin = try await Self.login("a\(tenant)@studio.local", client)
            if tenant == 0 { operatorToken = admin }
            let user = try await client.insist(
                Request(
                    path: "/api/v1/admin/users", token: admin,
                    body: [
                        "email": .string("u\(tenant)@studio.local"), "password": .string(ChaosStudio.password),
                        "roles": ["artist"], "credits": .integer(Int64(Self.credits)),
                    ]))
            guard user.status == 201 else { throw TestKitError("user: \(user.status) \(user.text)") }
            let base = tenant == 0 ? studio.workspace : "\(studio.workspace)/Tenants/second"
            var own: [ChaosProject] = []
            for name in ["film", "series"] {
                let project = ChaosProject(
                    tenant: tenant, name: name, folder: "\(base)/Projects/\(name)", token: admin)
                try await Self.make(project, client)
                own.append(project)
            }
            projects += own
            for (email, token) in [
                ("a\(tenant)@studio.local", admin),
                ("u\(tenant)@studio.local", try await Self.login("u\(tenant)@studio.local", client)),
            ] { members.append(Member(email: email, token: token, granted: Self.credits, projects: own)) }
        }
        self.members = members
        self.projects = projects
        self.operatorToken = operatorToken
    }

    private static func login(_ email: String, _ client: GatewayClient) async throws -> String {
        let answer = try await client.insist(
            Request(
                path: "/api/v1/auth/login",
                body: ["email": .string(email), "password": .string(ChaosStudio.password)]))
        guard let token = answer.json["accessToken"]?.stringValue else { throw TestKitError("login: \(answer.text)") }
        return token
    }

    private static func make(_ project: ChaosProject, _ client: GatewayClient) async throws {
        let made = try await client.insist(
            Request(
                path: "/api/v1/projects", token: project.token,
                body: ["name": .string(project.name), "title": .string(project.name)]))
        guard made.status == 201 else { throw TestKitError("project: \(made.status) \(made.text)") }
        let file = try await client.insist(
            Request(
                method: "PUT", path: "/api/v1/projects/\(project.name)/files/\(garbage)", token: project.token,
                bytes: Array("this is no film\n".utf8)))
        guard file.status == 201 else { throw TestKitError("file: \(file.status) \(file.text)") }
    }
}
