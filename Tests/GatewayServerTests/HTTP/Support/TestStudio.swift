import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit

/// A database of one test with two studios: users, projects, and a way to make jobs and events happen in it.
struct TestStudio: Sendable {
    struct User: Sendable {
        let id: UserID
        let tenant: TenantID
        let roles: Set<Role>
        let email: String
    }

    let uri: String
    let database: Database
    let admin: User
    let viewer: User
    let stranger: User
    /// `film` of the first studio.
    let film: ProjectID
    /// `other` of the second.
    let other: ProjectID

    /// The address of a fresh database with all migrations, which are applied once for all tests.
    static func migrated() async throws -> String {
        let postgres = try await PrivatePostgres.shared()
        return try await postgres.database(preparedAs: "gateway") { uri in
            let database = try Database(.patient(uri, connections: 1))
            try await database.migrate(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await database.close()
        }
    }

    static func make() async throws -> TestStudio {
        let uri = try await migrated()
        let database = try Database(.patient(uri, connections: 3))
        let users = UserStore(database)
        let first = try await users.createTenant(name: "first")
        let second = try await users.createTenant(name: "second")
        let hash = try PasswordHash(
            hashing: TestGateway.password,
            cost: PasswordHash.Cost(logarithmN: 10, blockSize: 8, parallelism: 1) ?? .standard
        ).text
        func user(_ email: String, _ role: Role, _ tenant: TenantID) async throws -> User {
            let made = try await users.create(
                NewUser(email: email, passwordHash: hash, roles: [role], credits: 100), tenant: tenant)
            return User(id: made.id, tenant: tenant, roles: [role], email: email)
        }
        let admin = try await user("admin@example.com", .admin, first)
        let viewer = try await user("viewer@example.com", .viewer, first)
        let stranger = try await user("stranger@example.com", .admin, second)
        let (film, other) = (ProjectID(), ProjectID())
        try await database.withConnection { connection in
            for (id, tenant, name) in [(film, first, "film"), (other, second, "other")] {
                try connection.execute(
                    "INSERT INTO projects (id, tenant_id, name, title, scaffolded_at) VALUES ($1, $2, $3, $3, now())",
                    [.id(id), .id(tenant), .text(name)])
            }
        }
        return TestStudio(
            uri: uri, database: database, admin: admin, viewer: viewer, stranger: stranger, film: film, other: other)
    }

    /// Commits a durable `project.changed` event with a number in its `change`.
    @discardableResult
    func change(_ number: Int, in project: ProjectID? = nil) async throws -> Int {
        let project = project ?? film
        try await database.withConnection { connection in
            try Self.insert(number, project, on: connection)
        }
        return number
    }

    /// Writes such an event within a transaction of the caller's.
    static func insert(_ number: Int, _ project: ProjectID, on connection: PostgresConnection) throws {
        try connection.execute(
            """
            INSERT INTO events (tenant_id, project_id, kind, payload)
            SELECT tenant_id, id, 'project.changed', jsonb_build_object('change', $2::text, 'revision', 1)
            FROM projects WHERE id = $1
            """, [.id(project), .text("change-\(number)")])
    }

    /// The film's first events, once so many can be read: transactions of other tests' databases hold them back too.
    func stored(_ count: Int) async throws -> [EventCursor] {
        var found: [EventCursor] = []
        try await eventually("\(count) events to be readable") {
            found = try await EventStore(database).read(.project(film), after: .init(transaction: 0, id: 0)).map(
                \.cursor)
            return found.count >= count
        }
        return found
    }

    /// Makes a queued job, which tells of its first state; returns its id.
    func makeJob(in project: ProjectID? = nil) async throws -> JobID {
        let (project, job) = (project ?? film, JobID())
        try await database.withConnection { [admin] connection in
            try connection.execute(
                """
                INSERT INTO function_revisions (digest, name, version, manifest)
                VALUES (repeat('a', 64), 'mock-video', '1', '{}') ON CONFLICT DO NOTHING
                """)
            try connection.execute(
                """
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, state, credits, queued_at)
                SELECT $1, tenant_id, id, $3, 'SHOT-010', 1, 'mock-video', repeat('a', 64), '{}', '{}', 'standard',
                    'studio', 5, 3, 900, 'queued', 0, now() FROM projects WHERE id = $2
                """, [.id(job), .id(project), .id(admin.id)])
        }
        return job
    }

    /// Cancels a queued job, which tells of its last state.
    func cancel(_ job: JobID) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = $1", [.id(job)])
        }
    }
}
