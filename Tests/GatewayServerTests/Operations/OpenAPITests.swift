import FoundationEssentials
import Hummingbird
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("The OpenAPI document") struct OpenAPITests {
    private var document: JSONValue { OpenAPIDocument.make() }

    /// Every route of the gateway as App assembles it, but connected to nothing.
    private func routes() async throws -> Set<String> {
        let workspace = try TemporaryDirectory("workspace")
        let configuration = try StudioConfiguration(
            environment: [
                "DATABASE_URL": "postgresql://studio@/none?host=\(workspace.path)",
                "REDIS_URL": "unix://\(workspace.path)/none", "WORKSPACE_ROOT": workspace.path,
                "JWT_SECRET": TestGateway.secret,
            ], program: .gateway, readFile: { _ in "" })
        let parts = try GatewayParts(configuration)
        let users = UserStore(parts.database)
        let accounts = AccountCache(users: users)
        let tokens = HS256Tokens(secret: TestGateway.secret)
        let groups: [any RouteGroup] = [
            HealthRoutes(checks: []), MetricsRoutes(registry: MetricsRegistry([])),
            WebRoutes(folder: WebFolder(root: workspace.path)),
            LoginRoutes(
                users: users, actions: ActionLog(parts.database), throttle: LoginThrottle(parts.database),
                passwords: TestGateway.passwords, tokens: tokens, tokenLifetime: .seconds(60)),
            AccountRoutes(users: users, quotas: Quotas(requestsPerSecond: nil, uploadMaxBytes: 0)),
            AdministrationRoutes(
                database: parts.database, accounts: accounts, passwords: TestGateway.passwords,
                bodySeal: HMACSHA256(key: [1])),
            EventRoutes(hub: parts.hub, authenticator: Authenticator(verifier: tokens, accounts: accounts)),
        ]
        let router = GatewayRouter.makeRouter(groups + parts.routes(uploadLimit: 1))
        let routes = router.routes.map { route in
            "\(route.method.rawValue) \(route.path.description.replacing("/**", with: "/{path}"))"
        }
        await parts.database.close()
        return Set(routes)
    }

    @Test func hasEveryRouteAndNoOther() async throws {
        let documented = Set(OpenAPIPaths.all.map { "\($0.method) \($0.path)" })
        let registered = try await routes()
        #expect(registered.subtracting(documented).sorted() == [])
        #expect(documented.subtracting(registered).sorted() == [])
        #expect(documented.count == OpenAPIPaths.all.count)
    }

    @Test func namesEveryPathParameter() {
        for operation in OpenAPIPaths.all {
            let inPath = Set(
                operation.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() })
            let declared = Set(operation.allParameters.filter { $0.place == .path }.map { $0.name[...] })
            #expect(inPath == declared, "\(operation.method) \(operation.path)")
        }
        #expect(Set(OpenAPIPaths.all.map(\.id)).count == OpenAPIPaths.all.count)
    }

    @Test func resolvesEveryReferenceAndUsesEverySchema() {
        var references: Set<String> = []
        func collect(_ value: JSONValue) {
            if let members = value.objectValue {
                if let reference = members["$ref"]?.stringValue { references.insert(reference) }
                for member in members.values { collect(member) }
            }
            for item in value.arrayValue ?? [] { collect(item) }
        }
        collect(document)
        for reference in references {
            var place = document
            for name in reference.dropFirst(2).split(separator: "/") { place = place[String(name)] ?? .null }
            #expect(!place.isNull, "\(reference)")
        }
        // What goes over the WebSocket is described by schemas that no HTTP body refers to.
        let spoken = ["ClientCommand", "Subscribed"]
        for (name, _) in OpenAPISchemas.all where !spoken.contains(name) {
            #expect(references.contains("#/components/schemas/\(name)"), "\(name)")
        }
        #expect(Set(OpenAPISchemas.all.map(\.0)).count == OpenAPISchemas.all.count)
    }

    @Test func namesEveryProblemAndAnswersOnceForEachStatus() {
        let types = Set(
            OpenAPISchemas.all.first { $0.0 == "Problem" }?.1.json["properties"]?["type"]?["enum"]?.arrayValue ?? [])
        for code in StudioError.Code.allCases { #expect(types.contains(.string("/problems/\(code.rawValue)"))) }
        #expect(Set(Problem.kinds.map(\.code)).count == Problem.kinds.count)
        for operation in OpenAPIPaths.all {
            #expect(Set(operation.answers.map(\.status)).count == operation.answers.count, "\(operation.id)")
            #expect(!operation.answers.isEmpty)
        }
    }

    @Test func isServedAndReadable() async throws {
        try await TestGateway.run { gateway in
            let reply = try await gateway.request("GET", "/openapi.json")
            #expect(reply.status == 200)
            #expect(reply.json["openapi"] == "3.1.0")
            let tag = try #require(reply.headers["etag"])
            #expect(try await gateway.request("GET", "/openapi.json", headers: ["if-none-match: \(tag)"]).status == 304)
            let page = try await gateway.request("GET", "/docs")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.headers["content-security-policy"]?.contains("style-src 'sha256-") == true)
            for operation in OpenAPIPaths.all { #expect(page.text.contains("id=\"\(operation.id)\"")) }
            for outside in ["<script", "http://", "https://", "@import", "url("] {
                #expect(!page.text.contains(outside))
            }
        }
    }
}
