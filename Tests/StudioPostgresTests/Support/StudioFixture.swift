import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioTestKit
import Synchronization
import Testing

@testable import StudioPostgres

/// A migrated database of a test's own, with a tenant, a user with credits and a project in it.
final class StudioFixture: Sendable {
    let uri: String
    let database: Database
    let tenant: TenantID
    let user: UserID
    let project: ProjectID
    let worker = WorkerID()
    static let digest = String(repeating: "a", count: 64)
    static let takelessDigest = String(repeating: "c", count: 64)

    var jobs: JobStore { JobStore(database) }
    var runway: RunwayStore { RunwayStore(database) }
    var takes: TakeStore { TakeStore(database) }
    var projects: ProjectStore { ProjectStore(database) }
    var users: UserStore { UserStore(database) }
    var events: EventStore { EventStore(database) }
    var audit: StoreAudit { StoreAudit(database) }

    static func logger() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// A fresh, migrated database's URI.
    static func migratedDatabase(on server: PrivatePostgres? = nil) async throws -> String {
        let postgres = if let server { server } else { try await PrivatePostgres.shared() }
        return try await postgres.database(preparedAs: "studio") { uri in
            let database = try Database(.patient(uri, connections: 1))
            try await database.migrate(logger())
            await database.close()
        }
    }

    init(credits: Int = 1000, connections: Int = 8, on server: PrivatePostgres? = nil) async throws {
        uri = try await Self.migratedDatabase(on: server)
        var configuration = PostgresConfiguration.patient(uri, connections: connections)
        // The machine may be busy, and no test with this fixture is about a server that is away.
        configuration.unavailableAfter = .seconds(20)
        database = try Database(configuration)
        let users = UserStore(database)
        tenant = try await users.createTenant(name: "studio")
        user = try await users.create(
            NewUser(
                email: "ada@example.com", displayName: "Ada", passwordHash: "x", roles: [.artist], credits: credits),
            tenant: tenant
        ).id
        let projects = ProjectStore(database)
        project = ProjectID()
        _ = try await projects.begin(
            NewProject(id: project, tenant: tenant, name: try ProjectName("film"), title: "Film", createdBy: user))
        _ = try await projects.finishScaffold(project)
    }

    /// Runs a test with a fixture; the audit must find nothing at its end, unless the test does damage itself.
    static func with(
        credits: Int = 1000, connections: Int = 8, audited: Bool = true,
        _ body: (StudioFixture) async throws -> Void
    ) async throws {
        await Gate.sharedServer.enter()
        do {
            let studio = try await StudioFixture(credits: credits, connections: connections)
            do {
                try await body(studio)
                if audited { #expect(try await studio.audit.run() == []) }
            } catch {
                await studio.database.close()
                throw error
            }
            await studio.database.close()
        } catch {
            await Gate.sharedServer.leave()
            throw error
        }
        await Gate.sharedServer.leave()
    }

    func newJob(
        id: JobID = JobID(), credits: Int = 10, priority: Int = 5, maxAttempts: Int = 3, notBefore: Date? = nil,
        dependsOn: [JobID] = [], inputs: [String: String] = [:], shot: String = "SHOT-010",
        function: String = "mock-video", makesTake: Bool = true
    ) throws -> NewJob {
        NewJob(
            id: id, tenant: tenant, project: project, user: user, shot: try ShotName(shot), version: 1,
            function: function, functionVersion: "1.0.0",
            functionDigest: makesTake ? Self.digest : Self.takelessDigest,
            manifest: makesTake ? ["name": "mock-video"] : ["name": "noop", "outputs": [:]],
            parameters: ["prompt": "dawn", "seed": .unsigned(UInt64.max)], inputs: inputs, queue: "studio.render",
            priority: priority, maxAttempts: maxAttempts, notBefore: notBefore, dependsOn: dependsOn, credits: credits,
            requestID: "r-1")
    }

    @discardableResult
    func admit(_ job: NewJob) async throws -> JobRecord {
        let admission = try await jobs.admit(job)
        guard case .admitted = admission, let record = try await jobs.get(job.id) else {
            throw Unexpected(what: "\(admission)")
        }
        return record
    }

    func submit(
        credits: Int = 10, maxAttempts: Int = 3, dependsOn: [JobID] = [], inputs: [String: String] = [:]
    ) async throws -> JobID {
        try await admit(newJob(credits: credits, maxAttempts: maxAttempts, dependsOn: dependsOn, inputs: inputs)).id
    }

    /// A job of a function that makes no take.
    func submitTakeless(credits: Int = 10, maxAttempts: Int = 3, dependsOn: [JobID] = []) async throws -> JobID {
        try await admit(
            newJob(
                credits: credits, maxAttempts: maxAttempts, dependsOn: dependsOn, function: "noop", makesTake: false)
        ).id
    }

    @discardableResult
    func claim(_ job: JobID, lease: Duration = .seconds(60)) async throws -> HeldClaim {
        let claimed = try await jobs.claim([job], worker: worker, name: "w", lease: lease)
        let first = try #require(claimed.first)
        return HeldClaim(job: first.id, attempt: first.attempt)
    }

    @discardableResult
    func publish(_ claim: HeldClaim) async throws -> Publication {
        let take = try await takes.allocate(claim, fileExtension: "mp4", mediaType: "video/mp4")
        let sha = String(repeating: "b", count: 64)
        _ = try await takes.recordFile(claim, sha256: sha, sizeBytes: 5)
        return try await takes.withProjectWriter(claim, project: project) { [takes] connection in
            try takes.publish(
                PublishedTake(
                    take: take.id, job: claim.job, attempt: claim.attempt, sha256: sha, sizeBytes: 5,
                    probe: ["frames": 48], provenance: ["seed": 1], commit: "c0ffee", hasThumbnail: true),
                on: connection)
        }
    }

    /// The lease of a job runs out now, as if its time had passed.
    func expireLease(of job: JobID) async throws {
        _ = try await database.withConnection {
            try $0.execute("UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = $1", [.id(job)])
        }
    }

    /// The events after a place, once there are so many: none is told past a transaction that still runs, and those of
    /// other tests' databases on the same server count too.
    func told(_ scope: EventScope, after cursor: EventCursor, count: Int) async throws -> [StoredEvent] {
        var told: [StoredEvent] = []
        try await eventually("\(count) events are told") {
            told = try await events.read(scope, after: cursor)
            return told.count >= count
        }
        return told
    }

    func state(_ job: JobID) async throws -> JobState? { try await jobs.get(job)?.state }

    func account() async throws -> CreditAccount? { try await users.account(of: user) }
}

/// What became of one job that was submitted by itself.
enum Admission {
    case admitted(AdmittedJob)
    case known(AdmittedJob)
    case replayed(IdempotentAnswer)
}

extension JobStore {
    /// Admits one job by itself.
    func admit(
        _ job: NewJob, idempotency: IdempotencyRequest? = nil,
        answer: (@Sendable (AdmittedJob) throws -> IdempotentAnswer)? = nil
    ) async throws -> Admission {
        let keyed: AdmissionUnit.KeyedAnswer? = idempotency.map { request in
            AdmissionUnit.KeyedAnswer(request) { verdicts in
                guard case .admitted(let job) = verdicts[0], let answer else { throw Unexpected(what: "\(verdicts)") }
                return try answer(job)
            }
        }
        let admission = JobAdmission(database, activeJobsPerUser: activeJobsPerUser)
        switch try await admission.admit(AdmissionUnit([job], mayBeKnown: true, idempotency: keyed)) {
        case .replayed(let first): return .replayed(first)
        case .run: throw Unexpected(what: "a run")
        case .refused(let errors): throw errors[0] ?? StudioError(.internalFault, "no reason")
        case .decided(let verdicts):
            switch verdicts[0] {
            case .admitted(let job): return .admitted(job)
            case .known(let job): return .known(job)
            case .refused(let error): throw error
            }
        }
    }
}

/// An answer that a test cannot go on with.
struct Unexpected: Error { var what: String }

/// Expects a refusal of one kind.
func expectRefusal(
    _ code: StudioError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("not refused", sourceLocation: sourceLocation)
    } catch let error as StudioError {
        #expect(error.code == code, sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}

/// Expects a fault of one kind, and returns it.
@discardableResult
func expectFault(
    _ code: PostgresError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> PostgresError? {
    do {
        try await body()
        Issue.record("no fault", sourceLocation: sourceLocation)
    } catch let error as PostgresError {
        #expect(error.code == code, sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return nil
}
