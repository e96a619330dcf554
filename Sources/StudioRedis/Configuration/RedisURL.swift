extension RedisConfiguration {
    /// Reads a server's URL, as Celery's `broker_url` and redis-py write it.
    ///
    /// `redis://[user[:password]@]host[:port][/db]` for TCP, `rediss://…` for TCP with TLS; `redis+socket:///path` and
    /// `socket:///path`, as Celery writes it, and `unix:///path`, as redis-py does, for a Unix socket; these also take
    /// `user:password@` before the path. After `?`, each with all of them: `virtual_host` or `db`, `username`, `password`;
    /// with `rediss://` the `ssl_…` members that ``RedisTLS`` reads. Members that are not known and do not begin with
    /// `ssl_` are settings of the Python client and passed over. Parts are percent-decoded. Host 127.0.0.1, port 6379 and
    /// database 0 where none is given.
    ///
    /// - Parameter url: The URL.
    /// - Throws: `RedisError` of code `invalidConfiguration` that says what is wrong without repeating the URL, which may
    ///   hold a password.
    public init(url: String) throws {
        guard let separator = url.firstRange(of: "://") else {
            throw RedisError(
                .invalidConfiguration, "the Redis URL has no scheme; redis://host:6379/0 is one that is right")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        let (main, query) = RedisURLText.cut(url[separator.upperBound...], at: "?")
        let members = try RedisURLText.members(query ?? "")
        switch scheme {
        case "redis", "rediss": try self.init(tcp: main)
        case "redis+socket", "socket", "unix": try self.init(socket: main)
        default:
            throw RedisError(
                .invalidConfiguration, "the Redis URL's scheme is none of redis, rediss, redis+socket, socket and unix")
        }
        try apply(members)
        let protection = members.filter { $0.name.hasPrefix("ssl_") }
        if scheme == "rediss" {
            tls = try RedisTLS(members: protection)
        } else if let first = protection.first {
            throw RedisError(
                .invalidConfiguration, "the Redis URL has \(first.name), which goes with rediss:// and no other scheme")
        }
    }

    private init(tcp text: Substring) throws {
        let (authority, path) = RedisURLText.cut(text, at: "/")
        let (user, host) = RedisURLText.credentials(authority)
        let (name, port) = try RedisURLText.hostAndPort(host)
        self.init(endpoint: .host(name, port: port))
        try apply(user)
        if let path, !path.isEmpty { database = try RedisURLText.database(path) }
    }

    private init(socket text: Substring) throws {
        let (user, path) = RedisURLText.credentials(text)
        let decoded = try RedisURLText.decoded(path, "socket path")
        guard decoded.hasPrefix("/") else {
            throw RedisError(.invalidConfiguration, "the Redis URL's socket path is not absolute")
        }
        // sun_path has 108 bytes with its terminator; a longer path would fail as a puzzling connect error.
        guard decoded.utf8.count < 108 else {
            throw RedisError(.invalidConfiguration, "the Redis URL's socket path is longer than 107 bytes")
        }
        self.init(endpoint: .unixSocket(path: decoded))
        try apply(user)
    }

    private mutating func apply(_ user: Substring?) throws {
        guard let user else { return }
        let (name, password) = RedisURLText.cut(user, at: ":")
        let decodedName = try RedisURLText.decoded(name, "user")
        username = decodedName.isEmpty ? nil : decodedName
        self.password = try password.map { try RedisURLText.decoded($0, "password") }
    }

    private mutating func apply(_ members: [RedisURLText.Member]) throws {
        for member in members {
            switch member.name {
            case "virtual_host", "db": database = try RedisURLText.database(member.value[...])
            case "username": username = member.value.isEmpty ? nil : member.value
            case "password": password = member.value
            default: break
            }
        }
    }
}
