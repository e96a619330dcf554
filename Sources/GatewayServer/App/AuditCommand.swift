import ArgumentParser
import Logging
import StudioCore
import StudioPostgres
import StudioRedis

/// `audit`: states what must hold and names each row that breaks it.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Hold database, queues and disk against each other; exit 1 where something is wrong.")

    @Flag(help: "Also read and hash every take's media.")
    var deep = false

    func run() async throws {
        let configuration = try ProcessEnvironment.configuration()
        ProcessEnvironment.bootstrapLogging(configuration.common)
        let parts = try GatewayParts(configuration)
        let connecting = Task { await parts.redis.run() }
        defer { connecting.cancel() }
        try await parts.database.waitUntilReachable(Logger(label: "database"))
        try await parts.library.reload()
        try await parts.redis.waitUntilConnected()
        let findings = try await parts.audit.run(deep: deep)
        await parts.database.close()
        for finding in findings { print(finding) }
        print(findings.isEmpty ? "All is well." : "\(findings.count) findings.")
        if !findings.isEmpty { throw ExitCode.failure }
    }
}

extension GatewayParts {
    /// The audit of everything the gateway knows.
    var audit: AuditRun {
        AuditRun(
            store: StoreAudit(database),
            messages: AuditMessages(runway: RunwayStore(database), queue: queue, queues: library.queues),
            takes: AuditTakes(
                projects: ProjectStore(database), takes: TakeStore(database), folders: folders),
            files: AuditFiles(
                projects: ProjectStore(database), files: JobFileStore(database), folders: folders))
    }
}
