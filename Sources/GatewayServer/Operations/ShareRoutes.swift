import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Who gets how much of the workers, and how many of what run at a time: operators say it of tenants and functions,
/// administrators of their tenant's projects and users.
struct ShareRoutes: RouteGroup {
    private static let bodyLimit = 4 << 10

    let shares: ShareStore
    let directory: ProjectDirectory
    let dispatcher: Dispatcher

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/admin/tenants", use: tenants)
        router.patch("/api/v1/admin/tenants/{tenant}", use: changeTenant)
        router.put("/api/v1/admin/projects/{project}/weight", use: weighProject)
        router.put("/api/v1/admin/users/{user}/weight", use: weighUser)
        router.get("/api/v1/admin/function-limits", use: limits)
        router.put("/api/v1/admin/function-limits/{function}", use: limit)
        router.delete("/api/v1/admin/function-limits/{function}", use: lift)
    }

    @Sendable private func tenants(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let page = try PageRequest(request)
        let rows = try await shares.tenants(limit: page.limit + 1, after: try page.after(TenantID.self))
        return try .json(Page(rows, for: page, key: { $0.id.description }, item: TenantShareDocument.init))
    }

    @Sendable private func changeTenant(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.requireOperator()
        let id: TenantID = try context.identifier("tenant")
        let body = try ShareBody(try await read(request), members: ["weight", "maxRunning"], required: [])
        let tenant = try await shares.change(
            id, weight: body.weight, maxRunning: body.maxRunning, by: caller.author(context))
        dispatcher.lookAtEverything()
        context.logger.notice("tenant's share changed", metadata: ["tenant": "\(tenant.name)"])
        return try .json(TenantShareDocument(tenant))
    }

    @Sendable private func weighProject(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let project = try await directory.visible(try context.parameter("project"), caller: caller)
        let weight = try await weight(request)
        try await shares.setWeight(weight, of: project.id, by: caller.author(context))
        dispatcher.lookAtEverything()
        context.logger.info("project's share changed", metadata: [LogKey.project: "\(project.name)"])
        return try .json(WeightDocument(weight: weight))
    }

    @Sendable private func weighUser(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.require(.administer)
        let user: UserID = try context.identifier("user")
        let weight = try await weight(request)
        try await shares.setWeight(weight, of: user, tenant: caller.tenantID, by: caller.author(context))
        dispatcher.lookAtEverything()
        context.logger.info("user's share changed", metadata: ["of": "\(user)"])
        return try .json(WeightDocument(weight: weight))
    }

    @Sendable private func limits(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.requireOperator()
        let page = try PageRequest(request)
        let rows = try await shares.functionLimits()
            .drop { limit in page.cursor.map { limit.function <= $0 } ?? false }.prefix(page.limit + 1)
        return try .json(Page(Array(rows), for: page, key: \.function, item: FunctionLimitDocument.init))
    }

    @Sendable private func limit(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.requireOperator()
        let function = try context.parameter("function")
        let body = try ShareBody(try await read(request), members: ["maxRunning"], required: ["maxRunning"])
        let limit = FunctionLimit(function: function, maxRunning: (body.maxRunning ?? nil) ?? 0)
        try await shares.limit(function, to: limit.maxRunning, by: caller.author(context))
        dispatcher.lookAtEverything()
        context.logger.notice(
            "function limited", metadata: [LogKey.function: "\(function)", "running": "\(limit.maxRunning)"])
        return try .json(FunctionLimitDocument(limit))
    }

    @Sendable private func lift(_ request: Request, context: GatewayContext) async throws -> Response {
        let caller = try context.requireOperator()
        let function = try context.parameter("function")
        guard try await shares.limit(function, to: nil, by: caller.author(context)) else {
            throw StudioError(.notFound, "this function is not limited")
        }
        dispatcher.lookAtEverything()
        context.logger.notice("function's limit lifted", metadata: [LogKey.function: "\(function)"])
        return .noContent
    }

    private func weight(_ request: Request) async throws -> Int {
        try ShareBody(try await read(request), members: ["weight"], required: ["weight"]).weight ?? 1
    }

    private func read(_ request: Request) async throws -> JSONValue {
        try JSONBody.decode(JSONValue.self, from: try await request.collectJSON(limit: Self.bodyLimit))
    }
}

/// The body of a change of weights and limits, with everything that is wrong with it at once.
private struct ShareBody {
    private(set) var weight: Int?
    /// The inner nil is no limit; the outer one says nothing of it.
    private(set) var maxRunning: Int??

    init(_ body: JSONValue, members known: [String], required: [String]) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings = members.keys.sorted().filter { !known.contains($0) }.map { key in
            Finding(pointer: "/" + JSONPointer.escaped(key), code: "unknown-member", detail: "is not known here")
        }
        for name in required where members[name]?.isNull ?? true {
            findings.append(Finding(pointer: "/" + name, code: "required", detail: "is required"))
        }
        func whole(_ name: String, _ range: ClosedRange<Int>) -> Int? {
            guard let value = members[name], !value.isNull else { return nil }
            if let number = value.intValue, range.contains(number) { return number }
            findings.append(
                Finding(
                    pointer: "/" + name, code: "range",
                    detail: "must be a whole number from \(range.lowerBound) to \(range.upperBound)"))
            return nil
        }
        weight = whole("weight", 1...1000)
        if members["maxRunning"] != nil { maxRunning = .some(whole("maxRunning", 0...1_000_000)) }
        guard findings.isEmpty else { throw .invalid(findings) }
    }
}

/// A tenant's share as operators see it.
private struct TenantShareDocument: Encodable {
    let id: TenantID
    let name: String
    let weight: Int
    let maxRunning: Int?

    init(_ share: TenantShare) {
        id = share.id
        name = share.name
        weight = share.weight
        maxRunning = share.maxRunning
    }
}

private struct WeightDocument: Encodable {
    let weight: Int
}

private struct FunctionLimitDocument: Encodable {
    let function: String
    let maxRunning: Int

    init(_ limit: FunctionLimit) {
        function = limit.function
        maxRunning = limit.maxRunning
    }
}
