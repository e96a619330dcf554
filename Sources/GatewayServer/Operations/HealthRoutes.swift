import HTTPTypes
import Hummingbird
import HummingbirdCore

/// `/healthz`: the process answers. `/readyz`: what it needs is there, each thing with its own verdict.
struct HealthRoutes: RouteGroup {
    let checks: [ReadinessCheck]
    /// The longest a check may take.
    var bound: Duration = .seconds(2)

    private struct Health: Encodable {
        let status: String
    }

    private struct Readiness: Encodable {
        struct Check: Encodable {
            let status: String
            let detail: String?
        }
        let status: String
        let checks: [String: Check]
    }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/healthz") { _, _ -> Response in
            try .json(Health(status: "ok"), headers: [.cacheControl: "no-store"])
        }
        router.get("/readyz") { _, _ -> Response in
            let found = await look()
            let isReady = found.values.allSatisfy { $0.status == "ok" }
            return try .json(
                Readiness(status: isReady ? "ready" : "not-ready", checks: found),
                status: isReady ? .ok : .serviceUnavailable, headers: [.cacheControl: "no-store"])
        }
    }

    private func look() async -> [String: Readiness.Check] {
        await withTaskGroup(of: (String, ReadinessCheck.Verdict).self) { group in
            for check in checks { group.addTask { (check.name, await check.verdict(within: bound)) } }
            var found: [String: Readiness.Check] = [:]
            for await (name, verdict) in group {
                switch verdict {
                case .ready: found[name] = .init(status: "ok", detail: nil)
                case .missing(let detail): found[name] = .init(status: "missing", detail: detail)
                }
            }
            return found
        }
    }
}
