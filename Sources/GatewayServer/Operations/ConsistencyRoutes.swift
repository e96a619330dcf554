import FoundationEssentials
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres

/// `POST /api/v1/admin/check`: what must hold in the studio's rows, asked while it works. Queues and disk are the command's.
struct ConsistencyRoutes: RouteGroup {
    let check: ConsistencyCheck
    var now: @Sendable () -> Date = { Date() }

    func addRoutes(to router: Router<GatewayContext>) {
        router.post("/api/v1/admin/check") { _, context -> Response in
            try context.requireOperator()
            let findings = try await check.run()
            context.logger.notice("the rows were checked", metadata: ["findings": "\(findings.count)"])
            return try .json(ConsistencyDocument(at: now(), findings: findings.map(ConsistencyDocument.Found.init)))
        }
    }
}

/// One look at a time: who asks while one is under way gets what it finds.
actor ConsistencyCheck {
    private let audit: StoreAudit
    private var running: Task<[AuditFinding], any Error>?

    init(_ audit: StoreAudit) { self.audit = audit }

    /// Looks at all rows, in one snapshot.
    ///
    /// - Returns: The rows that break a rule; none when all is well.
    /// - Throws: `PostgresError`.
    func run() async throws -> [AuditFinding] {
        if let running { return try await running.value }
        let look = Task { [audit] in try await audit.run() }
        running = look
        defer { running = nil }
        return try await look.value
    }
}

/// What a check found.
struct ConsistencyDocument: Encodable, Sendable {
    struct Found: Encodable, Sendable {
        let rule: String
        let subject: String
        let detail: String

        init(_ finding: AuditFinding) {
            rule = finding.rule
            subject = finding.subject
            detail = finding.detail
        }
    }

    let at: Date
    let findings: [Found]
}
