/// The parts of a URL's text.
enum RedisURLText {
    /// One `name=value` after the question mark.
    typealias Member = (name: String, value: String)

    static func members(_ query: Substring) throws -> [Member] {
        try query.split(separator: "&").map { item in
            let (name, value) = cut(item, at: "=")
            // Here, and only here, a plus sign is a space, in Python's reading too.
            let plain = (value ?? "").split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%20")
            let decodedName = try decoded(name, "query")
            return (decodedName, try decoded(plain[...], decodedName))
        }
    }

    static func credentials(_ text: Substring) -> (user: Substring?, rest: Substring) {
        guard let at = text.lastIndex(of: "@") else { return (nil, text) }
        return (text[..<at], text[text.index(after: at)...])
    }

    static func hostAndPort(_ text: Substring) throws -> (String, Int) {
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

    static func database(_ text: Substring) throws -> Int {
        // Celery writes virtual_host with or without the slash.
        let digits = text.hasPrefix("/") ? text.dropFirst() : text
        guard let number = Int(digits), (0...65535).contains(number) else {
            throw RedisError(.invalidConfiguration, "the Redis URL's database is no number")
        }
        return number
    }

    static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    static func decoded(_ text: Substring, _ part: String) throws -> String {
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
