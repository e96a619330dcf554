import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import Testing

@testable import GatewayServer

/// Who may do what, written out once more, so that a route that forgets to ask is found.
@Suite("Roles") struct RoleTests {
    private enum Need {
        case nothing, read, work, produce, administer
    }

    /// Each need with the roles that meet it.
    private static let roles: [(need: Need, roles: Set<Role>)] = [
        (.read, [.viewer, .artist, .producer, .admin]), (.work, [.artist, .producer, .admin]),
        (.produce, [.producer, .admin]), (.administer, [.admin]),
    ]

    /// Every route of the gateway.
    private static let routes: [String: Need] = [
        "GET /healthz": .nothing,
        "GET /readyz": .nothing,
        "GET /metrics": .nothing,
        "GET /openapi.json": .nothing,
        "GET /docs": .nothing,
        "GET /": .nothing,
        "GET /web/{path}": .nothing,
        "POST /api/v1/auth/login": .nothing,
        "GET /api/v1/me": .read,
        "GET /api/v1/projects": .read,
        "POST /api/v1/projects": .produce,
        "GET /api/v1/projects/{project}": .read,
        "PATCH /api/v1/projects/{project}": .produce,
        "POST /api/v1/projects/{project}/archive": .produce,
        "POST /api/v1/projects/{project}/restore": .produce,
        "POST /api/v1/projects/{project}/pause": .produce,
        "POST /api/v1/projects/{project}/resume": .produce,
        "GET /api/v1/functions": .read,
        "GET /api/v1/functions/{function}": .read,
        "POST /api/v1/projects/{project}/jobs": .work,
        "POST /api/v1/projects/{project}/jobs:batch": .work,
        "GET /api/v1/projects/{project}/jobs": .read,
        "GET /api/v1/jobs/{job}": .read,
        "PATCH /api/v1/jobs/{job}": .work,
        "POST /api/v1/jobs/{job}/cancel": .work,
        "POST /api/v1/jobs/{job}/retry": .work,
        "POST /api/v1/jobs/{job}/approve": .work,
        "GET /api/v1/jobs/{job}/preview": .read,
        "GET /api/v1/jobs/{job}/files/{port}": .read,
        "GET /api/v1/jobs/{job}/log": .read,
        "POST /api/v1/projects/{project}/canvases/{canvas}/runs": .work,
        "GET /api/v1/projects/{project}/runs": .read,
        "GET /api/v1/runs/{run}": .read,
        "POST /api/v1/runs/{run}/cancel": .work,
        "POST /api/v1/runs/{run}/resume": .work,
        "POST /api/v1/runs/{run}/repeat": .work,
        "GET /api/v1/takes/{take}/graph": .read,
        "GET /api/v1/projects/{project}/schedules": .read,
        "POST /api/v1/projects/{project}/schedules": .work,
        "GET /api/v1/projects/{project}/schedules/{schedule}": .read,
        "PATCH /api/v1/projects/{project}/schedules/{schedule}": .work,
        "DELETE /api/v1/projects/{project}/schedules/{schedule}": .work,
        "GET /api/v1/projects/{project}/takes": .read,
        "GET /api/v1/takes/{take}": .read,
        "GET /api/v1/takes/{take}/media": .read,
        "GET /api/v1/takes/{take}/thumbnail": .read,
        "GET /api/v1/takes/{take}/files/{port}": .read,
        "PUT /api/v1/takes/{take}/rating": .work,
        "POST /api/v1/takes/{take}/rerun": .work,
        "PUT /api/v1/projects/{project}/files/{path}": .work,
        "GET /api/v1/projects/{project}/files/{path}": .read,
        "GET /api/v1/projects/{project}/folder": .read,
        "PUT /api/v1/projects/{project}/cuts/{cut}": .work,
        "POST /api/v1/projects/{project}/exports": .work,
        "GET /api/v1/projects/{project}/canvases": .read,
        "GET /api/v1/projects/{project}/canvases/{canvas}": .read,
        "PUT /api/v1/projects/{project}/canvases/{canvas}": .work,
        "DELETE /api/v1/projects/{project}/canvases/{canvas}": .work,
        "GET /api/v1/projects/{project}/canvases/{canvas}/history": .read,
        "POST /api/v1/projects/{project}/canvases/{canvas}/validate": .read,
        "GET /api/v1/projects/{project}/canvases/{canvas}/export": .read,
        "POST /api/v1/projects/{project}/canvases/{canvas}/import": .work,
        "POST /api/v1/projects/{project}/canvases/{canvas}/restore": .work,
        "GET /api/v1/projects/{project}/canvases/{canvas}/autosave": .read,
        "PUT /api/v1/projects/{project}/canvases/{canvas}/autosave": .work,
        "DELETE /api/v1/projects/{project}/canvases/{canvas}/autosave": .work,
        "GET /api/v1/projects/{project}/assets": .read,
        "GET /api/v1/projects/{project}/assets/{path}": .read,
        "GET /api/v1/events": .read,
        "GET /api/v1/projects/{project}/events": .read,
        "GET /api/v1/workers": .produce,
        "POST /api/v1/workers/{worker}/drain": .administer,
        "GET /api/v1/queues": .produce,
        "GET /api/v1/queues/history": .produce,
        "GET /api/v1/audit": .administer,
        "POST /api/v1/admin/check": .administer,
        "GET /api/v1/jobs": .read,
        "POST /api/v1/queues/{queue}/pause": .administer,
        "POST /api/v1/queues/{queue}/resume": .administer,
        "GET /api/v1/admin/tenants": .administer,
        "PATCH /api/v1/admin/tenants/{tenant}": .administer,
        "PUT /api/v1/admin/projects/{project}/weight": .administer,
        "PUT /api/v1/admin/users/{user}/weight": .administer,
        "GET /api/v1/admin/function-limits": .administer,
        "PUT /api/v1/admin/function-limits/{function}": .administer,
        "DELETE /api/v1/admin/function-limits/{function}": .administer,
        "GET /api/v1/admin/users": .produce,
        "POST /api/v1/admin/users": .administer,
        "GET /api/v1/admin/users/{user}": .produce,
        "PATCH /api/v1/admin/users/{user}": .administer,
        "POST /api/v1/admin/users/{user}/credits": .administer,
        "GET /api/v1/admin/dead-jobs": .produce,
        "GET /api/v1/admin/worker-blocks": .administer,
        "DELETE /api/v1/admin/worker-blocks/{worker}/{function}": .administer,
        "GET /api/v1/admin/dead-messages": .administer,
        "POST /api/v1/admin/dead-messages/{message}/requeue": .administer,
        "DELETE /api/v1/admin/dead-messages/{message}": .administer,
    ]

    /// A request to a route that, where it is allowed, finds nothing to do it to.
    private static func request(
        _ studio: RunningStudio, as person: RunningStudio.Person?, _ route: String
    ) async throws -> HTTPReply {
        let parts = route.split(separator: " ")
        let path = String(parts[1]).replacing("{project}", with: "none").replacing("{function}", with: "none")
            .replacing("{path}", with: "01_Assets/none.txt").replacing("{queue}", with: "none")
            .replacing("{message}", with: "none").replacing("{port}", with: "none")
            .replacing(
                try Regex("\\{(job|take|user|worker|tenant|schedule)\\}"), with: "00000000-0000-7000-8000-000000000000")
        let method = String(parts[0])
        return try await studio.request(as: person, method, path, body: method == "GET" ? nil : "{}")
    }

    @Test func `The table has every route`() {
        let documented = Set(OpenAPIPaths.all.map { "\($0.method) \($0.path)" })
        #expect(documented.symmetricDifference(Self.routes.keys).sorted() == [])
    }

    @Test func `A role may do what the table says and is refused everything else`() async throws {
        try await RunningStudio.run { studio async throws in
            for role in [Role.viewer, .artist, .producer, .admin] {
                let person = try await studio.person("\(role.rawValue)@example.com", role)
                for (route, need) in Self.routes {
                    let isAllowed =
                        need == .nothing || Self.roles.contains { $0.need == need && $0.roles.contains(role) }
                    let reply = try await Self.request(studio, as: person, route)
                    #expect((reply.status == 403) == !isAllowed, "\(role) \(route): \(reply.status)")
                    #expect((reply.problem == "forbidden") == !isAllowed, "\(role) \(route): \(reply.text)")
                    // A login without a body is refused by that; nobody else with a token is unknown.
                    #expect(reply.status != 401 && reply.status < 500, "\(role) \(route): \(reply.status)")
                }
            }
        }
    }

    @Test func `Without a token everything below api but the login is 401`() async throws {
        try await RunningStudio.run { studio async throws in
            for (route, need) in Self.routes {
                let reply = try await Self.request(studio, as: nil, route)
                let isOpen = !route.contains(" /api/") || route.hasSuffix("/auth/login")
                #expect(isOpen == (need == .nothing), "\(route)")
                #expect((reply.status == 401) == !isOpen, "\(route): \(reply.status)")
                if !isOpen {
                    #expect(reply.problem == "unauthenticated", "\(route): \(reply.text)")
                    #expect(reply.headers["www-authenticate"]?.hasPrefix("Bearer") == true, "\(route)")
                }
            }
        }
    }
}
