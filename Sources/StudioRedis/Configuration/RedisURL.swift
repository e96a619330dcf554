extension RedisConfiguration {
    /// Reads a server's URL.
    ///
    /// `redis://[user[:password]@]host[:port][/db]` for TCP; `redis+socket:///path?virtual_host=db`, as Celery writes it,
    /// and `unix:///path?db=0`, as redis-py does, for a Unix socket; both take `user:password@` before the path. Parts
    /// are percent-decoded. Port 6379 and database 0 where none is given.
    ///
    /// - Parameter url: The URL.
    /// - Throws: `RedisError` of code `invalidConfiguration` that says what is wrong without repeating the URL, which may
    ///   hold a password; `rediss://` is refused that way.
    public init(url: String) throws {
        guard let separator = url.firstRange(of: "://") else {
            throw RedisError(
                .invalidConfiguration, "the Redis URL has no scheme; redis://host:6379/0 is one that is right")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        let (main, query) = Self.cut(url[separator.upperBound...], at: "?")
        switch scheme {
        case "redis": try self.init(tcp: main)
        case "redis+socket", "unix": try self.init(socket: main, query: query ?? "")
        case "rediss", "valkeys":
            throw RedisError(.invalidConfiguration, "the Redis URL asks for TLS (rediss://), which is not supported")
        default:
            throw RedisError(.invalidConfiguration, "the Redis URL's scheme is none of redis, redis+socket and unix")
        }
    }

    private init(tcp text: Substring) throws {
        let (authority, path) = Self.cut(text, at: "/")
        let (user, host) = Self.credentials(authority)
        let (name, port) = try Self.hostAndPort(host)
        self.init(endpoint: .host(name, port: port))
        try apply(user)
        if let path, !path.isEmpty { database = try Self.database(path) }
    }

    private init(socket text: Substring, query: Substring) throws {
        let (user, path) = Self.credentials(text)
        let decoded = try Self.decoded(path, "socket path")
        guard decoded.hasPrefix("/") else {
            throw RedisError(.invalidConfiguration, "the Redis URL's socket path is not absolute")
        }
        // sun_path has 108 bytes with its terminator; a longer path would fail as a puzzling connect error.
        guard decoded.utf8.count < 108 else {
            throw RedisError(.invalidConfiguration, "the Redis URL's socket path is longer than 107 bytes")
        }
        self.init(endpoint: .unixSocket(path: decoded))
        try apply(user)
        for item in query.split(separator: "&") {
            let (name, value) = Self.cut(item, at: "=")
            if name == "virtual_host" || name == "db" { database = try Self.database(value ?? "") }
        }
    }

    private mutating func apply(_ user: Substring?) throws {
        guard let user else { return }
        let (name, password) = Self.cut(user, at: ":")
        let decodedName = try Self.decoded(name, "user")
        username = decodedName.isEmpty ? nil : decodedName
        self.password = try password.map { try Self.decoded($0, "password") }
    }

    private static func credentials(_ text: Substring) -> (user: Substring?, rest: Substring) {
        guard let at = text.lastIndex(of: "@") else { return (nil, text) }
        return (text[..<at], text[text.index(after: at)...])
    }

    private static func hostAndPort(_ text: Substring) throws -> (String, Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw RedisError(.invalidConfiguration, "the Redis URL's host is malformed")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = cut(text, at: ":")
        }
        guard let port, !port.isEmpty else { return (host.isEmpty ? "127.0.0.1" : try decoded(host, "host"), 6379) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw RedisError(.invalidConfiguration, "the Redis URL's port is no number between 1 and 65535")
        }
        return (host.isEmpty ? "127.0.0.1" : try decoded(host, "host"), number)
    }

    private static func database(_ text: Substring) throws -> Int {
        // Celery writes virtual_host with or without the slash.
        let digits = text.hasPrefix("/") ? text.dropFirst() : text
        guard let number = Int(digits), (0...65535).contains(number) else {
            throw RedisError(.invalidConfiguration, "the Redis URL's database is no number")
        }
        return number
    }

    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func decoded(_ text: Substring, _ part: String) throws -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                throw RedisError(.invalidConfiguration, "the Redis URL's \(part) has a broken percent escape")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
            throw RedisError(.invalidConfiguration, "the Redis URL's \(part) is not text")
        }
        return text
    }
}
