import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// `/api/v1/admin/users`: who may sign in, as what, and with how many credits.
struct AdministrationRoutes: RouteGroup {
    let database: Database
    let accounts: AccountCache
    let passwords: PasswordCheck
    /// Seals bodies that hold passwords before their fingerprint is kept: a plain hash of one could be guessed.
    let bodySeal: HMACSHA256

    private static let users = "/api/v1/admin/users"
    private static let bodyLimit = 16 * 1024

    private struct NewUserBody: Decodable {
        let email: String
        let password: String
        let displayName: String?
        let roles: Set<Role>
        let credits: Int?
    }

    private struct UserChange: Decodable {
        let roles: Set<Role>?
        let disabled: Bool?
    }

    private struct Grant: Decodable {
        let credits: Int
        let note: String?
    }

    private struct UserDocument: Encodable {
        let id: UserID
        let email: String
        let displayName: String
        let roles: [Role]
        let disabled: Bool
        let createdAt: Date
        /// Raised by every change but those of credits; the ETag.
        let revision: Int
        let credits: CreditsDocument

        init(_ user: TenantUser) {
            id = user.id
            email = user.email
            displayName = user.displayName
            roles = user.roles.sorted { $0.rawValue < $1.rawValue }
            disabled = user.disabledAt != nil
            createdAt = user.createdAt
            revision = user.revision
            credits = CreditsDocument(user.account)
        }
    }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/admin/users") { request, context -> Response in
            let users = users(of: try context.require(.produce))
            let page = try PageRequest(request)
            let rows = try await users.list(limit: page.limit + 1, before: try page.after(UserID.self))
            return try .json(Page(rows, for: page, key: \.id.description, item: UserDocument.init))
        }
        router.post("/api/v1/admin/users") { request, context -> Response in
            try await create(request, context)
        }
        router.get("/api/v1/admin/users/{user}") { request, context -> Response in
            let users = users(of: try context.require(.produce))
            return try Self.answer(try await users.user(try context.identifier("user"))).response
        }
        router.patch("/api/v1/admin/users/{user}") { request, context -> Response in
            try await change(request, context)
        }
        router.post("/api/v1/admin/users/{user}/credits") { request, context -> Response in
            try await grant(request, context)
        }
    }

    private func users(of caller: Caller) -> TenantUsers {
        TenantUsers(database, of: caller.tenantID)
    }

    private func create(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let body = try await request.collectJSON(limit: Self.bodyLimit)
        let asked = try JSONBody.decode(NewUserBody.self, from: body)
        try Self.check(asked)
        let user = NewUser(
            email: asked.email, displayName: asked.displayName ?? "",
            passwordHash: try await passwords.hash(asked.password),
            roles: asked.roles, credits: asked.credits ?? 0)
        let users = users(of: caller)
        return try await IdempotentRoute(database)
            .respond(to: request, body: Data(bodySeal.code(for: body)), caller: caller) { connection in
                let made = try users.create(user, on: connection)
                try ActionLog.write(
                    Action(
                        .userCreated, of: made.id,
                        detail: [
                            "email": .string(made.email), "roles": Self.words(made.roles),
                            "credits": .integer(Int64(user.credits)),
                        ]), by: caller.author(context), on: connection)
                return try .created(
                    UserDocument(made), location: "\(Self.users)/\(made.id)", etag: EntityTag(revision: made.revision))
            }
    }

    private func change(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let users = users(of: caller)
        let id = try context.identifier("user", as: UserID.self)
        let change = try await request.decode(UserChange.self, limit: Self.bodyLimit, context: context)
        if change.roles?.isEmpty == true {
            throw StudioError.invalid([
                Finding(pointer: "/roles", code: "required", detail: "a user has at least one role")
            ])
        }
        let revision = try request.ifMatchRevision()
        let user = try await database.transaction { connection in
            let user = try users.update(
                id, roles: change.roles, isDisabled: change.disabled, expectedRevision: revision, on: connection)
            var detail: [String: JSONValue] = ["email": .string(user.email)]
            if let roles = change.roles { detail["roles"] = Self.words(roles) }
            if let isDisabled = change.disabled { detail["disabled"] = .bool(isDisabled) }
            try ActionLog.write(
                Action(.userChanged, of: id, detail: detail), by: caller.author(context), on: connection)
            return user
        }
        accounts.forget(id)
        return try Self.answer(user).response
    }

    private func grant(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let id = try context.identifier("user", as: UserID.self)
        let body = try await request.collectJSON(limit: Self.bodyLimit)
        let grant = try JSONBody.decode(Grant.self, from: body)
        try Self.check(grant)
        let users = users(of: caller)
        return try await IdempotentRoute(database).respond(to: request, body: body, caller: caller) { connection in
            let user = try users.grant(grant.credits, to: id, note: grant.note ?? "granted", on: connection)
            var detail: [String: JSONValue] = [
                "email": .string(user.email), "credits": .integer(Int64(grant.credits)),
            ]
            if let note = grant.note { detail["note"] = .string(note) }
            try ActionLog.write(
                Action(.creditsGranted, of: id, detail: detail), by: caller.author(context), on: connection)
            return try Self.answer(user)
        }
    }

    private static func words(_ roles: Set<Role>) -> JSONValue {
        .array(roles.map(\.rawValue).sorted().map(JSONValue.string))
    }

    private static func answer(_ user: TenantUser) throws -> JSONAnswer {
        try JSONAnswer(UserDocument(user), headers: [.eTag: EntityTag(revision: user.revision).description])
    }

    private static func check(_ user: NewUserBody) throws(StudioError) {
        var findings: [Finding] = []
        let sides = user.email.split(separator: "@", omittingEmptySubsequences: false)
        if sides.count != 2 || sides.contains(where: \.isEmpty) || user.email.utf8.count > 254
            || user.email.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0.value < 32 })
        {
            findings.append(Finding(pointer: "/email", code: "format", detail: "an email address is name@host"))
        }
        if !(10...1024).contains(user.password.utf8.count) {
            findings.append(Finding(pointer: "/password", code: "length", detail: "a password has 10 to 1024 bytes"))
        }
        if (user.displayName ?? "").utf8.count > 200 || user.displayName?.utf8.contains(0) == true {
            findings.append(Finding(pointer: "/displayName", code: "length", detail: "a name has at most 200 bytes"))
        }
        if user.roles.isEmpty {
            findings.append(Finding(pointer: "/roles", code: "required", detail: "a user has at least one role"))
        }
        if !(0...1_000_000_000).contains(user.credits ?? 0) {
            findings.append(Finding(pointer: "/credits", code: "range", detail: "credits are 0 to 1,000,000,000"))
        }
        if !findings.isEmpty { throw .invalid(findings) }
    }

    private static func check(_ grant: Grant) throws(StudioError) {
        var findings: [Finding] = []
        if !(1...1_000_000_000).contains(grant.credits) {
            findings.append(
                Finding(pointer: "/credits", code: "range", detail: "a grant is 1 to 1,000,000,000 credits"))
        }
        if (grant.note ?? "").utf8.count > 500 || grant.note?.utf8.contains(0) == true {
            findings.append(Finding(pointer: "/note", code: "length", detail: "a note has at most 500 bytes"))
        }
        if !findings.isEmpty { throw .invalid(findings) }
    }
}
