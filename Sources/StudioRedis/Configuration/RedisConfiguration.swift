/// Where a Redis server is, who we are there, and how long we wait for it.
public struct RedisConfiguration: Sendable, Hashable {
    /// The address of a server.
    public enum Endpoint: Sendable, Hashable, CustomStringConvertible {
        /// A host by name or address, and its TCP port.
        case host(String, port: Int)
        /// The path of a Unix socket.
        case unixSocket(path: String)

        /// The address as people write it.
        public var description: String {
            switch self {
            case .host(let name, let port): name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
            case .unixSocket(let path): path
            }
        }
    }

    /// The server's address.
    public var endpoint: Endpoint
    /// How the connection is protected; nil, the default, is not at all.
    public var tls: RedisTLS?
    /// The user of Redis's access lists; nil is Redis's `default` user.
    public var username: String?
    /// The password. Without one a user signs in with none, as an access list's `nopass` allows; without a user either,
    /// no AUTH is sent. Never in a description.
    public var password: String?
    /// The number of the database; 0 by default.
    public var database: Int
    /// How long connecting may take; 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a reply may take, 5 s by default; past it the connection is closed, since a reply that comes later could
    /// no longer be told from the next one.
    public var commandTimeout: Duration = .seconds(5)
    /// How many commands one connection has under way at most, 16,384 by default; more are refused as `overloaded`.
    public var maximumCommandsInFlight = 16_384
    /// How many bytes of commands one connection has under way at most, 64 MiB by default; more are refused.
    public var maximumBytesInFlight = 64 << 20
    /// How many bytes one reply may have, 64 MiB by default; a larger one closes the connection.
    public var maximumReplyBytes = 64 << 20
    /// The pause before the first attempt to connect again, 50 ms by default; doubled at each further one.
    public var reconnectDelay: Duration = .milliseconds(50)
    /// The longest pause between attempts to connect, 2 s by default.
    public var maximumReconnectDelay: Duration = .seconds(2)

    /// A server.
    ///
    /// - Parameters:
    ///   - endpoint: The server's address.
    ///   - username: The user; default Redis's `default` user.
    ///   - password: The password; default none.
    ///   - database: The number of the database; default 0.
    public init(endpoint: Endpoint, username: String? = nil, password: String? = nil, database: Int = 0) {
        self.endpoint = endpoint
        self.username = username
        self.password = password
        self.database = database
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Address and database; the password is redacted.
    public var description: String {
        let secret = password == nil ? "" : ":***"
        let user = username == nil && password == nil ? "" : "\(username ?? "")\(secret)@"
        switch endpoint {
        case .host: return "\(tls == nil ? "redis" : "rediss")://\(user)\(endpoint)/\(database)"
        case .unixSocket: return "redis+socket://\(user)\(endpoint)?virtual_host=\(database)"
        }
    }

    /// The same as `description`: a debugger's log is a log.
    public var debugDescription: String { description }

    /// What `dump` shows: nothing but the description.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
