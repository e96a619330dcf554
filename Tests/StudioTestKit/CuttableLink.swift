import Dispatch
import FoundationEssentials
import Glibc

/// A line between a program and a private server that a test cuts and mends, as a switch or a cable would: a TCP port on
/// 127.0.0.1 whose bytes go to the server's Unix socket and back.
///
/// Every line is cut for itself, so a worker can lose PostgreSQL while the gateway keeps it. A change holds from the moment
/// the call returns: what comes later passes, or does not. A server that is away resets who comes through here.
public final class CuttableLink: Sendable {
    /// What a cut swallows.
    public enum Lost: Sendable {
        /// Nothing passes either way.
        case everything
        /// What is asked arrives and is done; the answers do not come back.
        case answers
    }

    /// What becomes of connections that are made while the line is cut.
    public enum Newcomers: Sendable {
        /// They are made and nothing passes, as behind a switch that drops packets.
        case hang
        /// They are refused at once.
        case refused
    }

    /// The port on 127.0.0.1 to connect to; it stays the same, cut or not.
    public let port: Int
    private let pump: LinkPump

    /// A line that passes, in front of a Unix socket.
    ///
    /// - Parameter socket: The path of the server's socket; the server need not be there yet.
    /// - Throws: `TestKitError` when the system gives no port.
    public init(to socket: String) throws {
        pump = try LinkPump(to: socket)
        port = pump.port
        DispatchQueue(label: "link.\(port)").async { [pump] in pump.run() }
    }

    deinit { pump.close() }

    /// A line to a private PostgreSQL.
    ///
    /// - Parameter postgres: The server.
    /// - Throws: `TestKitError` when the system gives no port.
    public convenience init(to postgres: PrivatePostgres) throws { try self.init(to: postgres.socket) }

    /// A line to a private Redis.
    ///
    /// - Parameter redis: The server.
    /// - Throws: `TestKitError` when the system gives no port.
    public convenience init(to redis: PrivateRedis) throws { try self.init(to: redis.socket) }

    /// How many connections lead through here now, cut or not.
    public var connections: Int { pump.connections }

    /// The libpq URI of a database by way of this line, for `DATABASE_URL`.
    ///
    /// - Parameter database: The URI that ``PrivatePostgres`` gave.
    /// - Returns: The same database and user over TCP.
    public func postgresURL(_ database: String) -> String {
        let name = database.split(separator: "?")[0].split(separator: "/").last ?? "postgres"
        return "postgresql://studio@127.0.0.1:\(port)/\(name)?sslmode=disable&gssencmode=disable"
    }

    /// The URL of a Redis database by way of this line, for `REDIS_URL`.
    ///
    /// - Parameter database: The database's number.
    /// - Returns: A `redis://` URL.
    public func redisURL(_ database: Int = 0) -> String { "redis://127.0.0.1:\(port)/\(database)" }

    /// Swallows what comes, without a word: connections stay open, and nobody is told that the other side is gone. What
    /// was sent before a ``restore()`` arrives after it, as TCP sends again what was lost.
    ///
    /// - Parameters:
    ///   - lost: What is swallowed; default everything.
    ///   - newcomers: What becomes of new connections; default they hang.
    public func cut(_ lost: Lost = .everything, newcomers: Newcomers = .hang) {
        pump.pass(requests: lost == .answers, answers: false, listen: newcomers == .hang)
    }

    /// Forgets the connections there are, as a firewall that was restarted does: nothing passes on them any more, for good and
    /// without a word, while new ones are made and pass.
    public func forget() { pump.forget() }

    /// Resets all connections and refuses new ones.
    public func sever() {
        pump.pass(requests: false, answers: false, listen: false)
        pump.reset()
    }

    /// Lets everything pass again.
    public func restore() { pump.pass(requests: true, answers: true, listen: true) }
}
