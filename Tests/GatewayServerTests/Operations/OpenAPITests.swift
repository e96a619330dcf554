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
            LoginRoutes(
                users: users, throttle: LoginThrottle(parts.database), passwords: TestGateway.passwords, tokens: tokens,
                tokenLifetime: .seconds(60)),
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

    /// The answers of real requests against the schemas they are promised to have.
    @Test func tellsTheTruthAboutAnswers() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let made = try await gateway.request(
                "POST", "/api/v1/admin/users", token: token,
                body: #"{"email":"a@b.example","password":"long enough","roles":["artist"]}"#)
            #expect(made.status == 201)
            let answers = [
                ("Me", try await gateway.request("GET", "/api/v1/me", token: token)), ("User", made),
                ("Problem", try await gateway.request("GET", "/nowhere")),
                ("Problem", try await gateway.request("POST", "/api/v1/auth/login", body: "{}")),
                ("Health", try await gateway.request("GET", "/healthz")),
                ("Readiness", try await gateway.request("GET", "/readyz")),
            ]
            let schemas = Dictionary(uniqueKeysWithValues: OpenAPISchemas.all.map { ($0.0, $0.1.json) })
            for (name, reply) in answers {
                let schema = try #require(schemas[name])
                #expect(Self.faults(reply.json, schema, schemas) == [], "\(name): \(reply.text)")
            }
        }
    }

    /// What in a value is not as a schema of this document says: members missing or not described, wrong types.
    private static func faults(
        _ value: JSONValue, _ schema: JSONValue, _ schemas: [String: JSONValue], at place: String = ""
    ) -> [String] {
        if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
            return faults(value, schemas[String(name)] ?? .null, schemas, at: place)
        }
        if let choices = schema["anyOf"]?.arrayValue {
            let all = choices.map { faults(value, $0, schemas, at: place) }
            return all.contains([]) ? [] : ["\(place): fits none"]
        }
        if let words = schema["enum"]?.arrayValue, !words.contains(value) { return ["\(place): not one of its words"] }
        switch schema["type"]?.stringValue {
        case "string": return value.stringValue == nil ? ["\(place): no text"] : []
        case "integer": return value.intValue == nil ? ["\(place): no whole number"] : []
        case "number": return value.doubleValue == nil ? ["\(place): no number"] : []
        case "boolean": return value.boolValue == nil ? ["\(place): no truth value"] : []
        case "null": return value.isNull ? [] : ["\(place): not null"]
        case "array":
            guard let items = value.arrayValue else { return ["\(place): no list"] }
            return items.enumerated().flatMap { faults($1, schema["items"] ?? .null, schemas, at: "\(place)/\($0)") }
        case "object":
            guard let members = value.objectValue else { return ["\(place): no object"] }
            let properties = schema["properties"]?.objectValue ?? [:]
            let required = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
            return required.filter { members[$0] == nil }.map { "\(place)/\($0): missing" }
                + members.flatMap { name, member -> [String] in
                    if let known = properties[name] { return faults(member, known, schemas, at: "\(place)/\(name)") }
                    if let other = schema["additionalProperties"], other.boolValue == nil {
                        return faults(member, other, schemas, at: "\(place)/\(name)")
                    }
                    return ["\(place)/\(name): not described"]
                }
        default: return []
        }
    }
}
