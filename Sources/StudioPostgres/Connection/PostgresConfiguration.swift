/// How to reach PostgreSQL and how long to wait for it.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection URI or keyword string; may hold a password, so it is never printed.
    public var connectionString: String
    /// What `pg_stat_activity` shows; default `studio`.
    public var applicationName: String
    /// Connections, one thread each; default 8.
    public var connections: Int
    /// Calls that may wait for a free connection; the next is refused with `overloaded`. Default 1,024.
    public var queueLimit: Int
    /// How long a call waits for a server that is away before it fails with `unavailable`; default 2 seconds.
    public var unavailableAfter: Duration
    /// The longest a statement may run; default 30 seconds. Zero: no limit.
    public var statementTimeout: Duration
    /// The longest a transaction may stand idle before the server ends it; default 60 seconds. Zero: no limit.
    public var idleInTransactionTimeout: Duration
    /// How long sent bytes may stay unacknowledged before a TCP connection counts as cut; default 10 seconds.
    public var tcpUserTimeout: Duration
    /// Whether a prepared statement is planned once and not for its values; default false. For connections whose every
    /// statement has one good plan: planning can cost more than running. Nor does a plan read a whole table where there is
    /// another: what looks cheap while a table is empty would stay the plan when it is not.
    public var plansOnce: Bool
    /// Prepared statements kept per connection; default 256.
    public var preparedStatementLimit: Int

    /// A configuration with the defaults named on each field.
    ///
    /// - Parameters:
    ///   - connectionString: A libpq connection URI or keyword string.
    ///   - applicationName: What `pg_stat_activity` shows.
    ///   - connections: How many connections, and threads, to keep.
    public init(_ connectionString: String, applicationName: String = "studio", connections: Int = 8) {
        precondition(connections > 0, "a database needs at least one connection")
        self.connectionString = connectionString
        self.applicationName = applicationName
        self.connections = connections
        queueLimit = 1024
        unavailableAfter = .seconds(2)
        statementTimeout = .seconds(30)
        idleInTransactionTimeout = .seconds(60)
        tcpUserTimeout = .seconds(10)
        plansOnce = false
        preparedStatementLimit = 256
    }
}
