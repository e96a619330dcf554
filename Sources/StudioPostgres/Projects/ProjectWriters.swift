package import QueueProtocol
import StudioCore

/// Writing to the projects' Git repositories: one writer for each project at a time, across all machines.
///
/// Give it a database of its own: whoever waits for a project that another machine writes to holds a connection all the
/// while, and the connections that answer requests must not run out for that. Within this process a project's writers
/// wait in a line before they take a connection, so that many who want one project do not keep out the others.
package final class ProjectWriters: Sendable {
    private let database: Database
    private let line: WriterLine

    /// A way to write.
    ///
    /// - Parameters:
    ///   - database: A database of its own; it has as many writers at a time as it has connections.
    ///   - bounds: How many may wait, and how long.
    ///   - clock: What the wait is measured with; default the system's.
    package init(
        _ database: Database, bounds: WriterLine.Bounds = WriterLine.Bounds(),
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.database = database
        line = WriterLine(places: database.configuration.connections, bounds: bounds, clock: clock)
    }

    /// How many wait for their turn in this process.
    var waiting: Int { line.waiting }

    /// Runs a closure as the only writer of the project's Git repository, on a database thread.
    ///
    /// Keep it short: what takes long - hashing and copying large files - is done before, by whoever calls this.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - body: What to do, once. The connection is for reading; what is written with it is rolled back.
    /// - Returns: What the closure returns.
    /// - Throws: `StudioError` with code `unavailable` where too many wait, or the project is not to be had in time; what the
    ///   closure throws; `PostgresError`; `CancellationError`.
    package func run<T: Sendable>(
        _ project: ProjectID, _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        try await line.enter(project)
        defer { line.leave(project) }
        return try await database.holding(
            { connection in
                do {
                    try connection.execute(Self.lock, [.id(project)])
                } catch let error as PostgresError where error.code == .timeout {
                    throw WriterLine.busy
                }
            }, body)
    }

    /// Ends its connections; see `Database.close`.
    package func close() async { await database.close() }

    /// One writer per project: held until the transaction ends.
    static let lock = "SELECT pg_advisory_xact_lock(hashtextextended('project-writer:' || $1::uuid::text, 0))"
}
