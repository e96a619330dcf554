import CHiredis

/// One argument of a command.
public enum RedisArgument: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// Text, sent as UTF-8.
    case text(String)
    /// Bytes as they are.
    case bytes([UInt8])
    /// A whole number.
    case integer(Int)

    /// Text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
}

/// A command with its arguments.
public struct RedisCommand: Sendable {
    /// The command's name, for errors and logs.
    public let name: String
    // All arguments one behind the other, and where each ends: one buffer to lend to C instead of many.
    private var bytes: [UInt8]
    private var ends: [Int]

    /// A command.
    ///
    /// - Parameters:
    ///   - name: The command's name, such as `LPUSH`.
    ///   - arguments: Its arguments.
    public init(_ name: String, _ arguments: RedisArgument...) { self.init(name, arguments: arguments) }

    /// A command.
    ///
    /// - Parameters:
    ///   - name: The command's name.
    ///   - arguments: Its arguments.
    public init(_ name: String, arguments: [RedisArgument]) {
        self.name = name
        bytes = Array(name.utf8)
        ends = [bytes.count]
        for argument in arguments { append(argument) }
    }

    /// Adds an argument at the end.
    ///
    /// - Parameter argument: The argument.
    public mutating func append(_ argument: RedisArgument) {
        switch argument {
        case .text(let text): bytes += text.utf8
        case .bytes(let more): bytes += more
        case .integer(let value): bytes += String(value).utf8
        }
        ends.append(bytes.count)
    }

    /// Appends the command as RESP.
    func encode(into output: inout [UInt8]) throws(RedisError) {
        guard let count = CInt(exactly: ends.count) else {
            throw RedisError(.overloaded, "\(name) has too many arguments")
        }
        var formatted: UnsafeMutablePointer<CChar>?
        let length = bytes.withUnsafeBytes { raw -> CInt in
            // An empty buffer has no address; an argument of no bytes is never read from.
            let base = raw.bindMemory(to: CChar.self).baseAddress
            var starts: [UnsafePointer<CChar>?] = []
            var lengths: [Int] = []
            starts.reserveCapacity(ends.count)
            lengths.reserveCapacity(ends.count)
            var start = 0
            for end in ends {
                starts.append(base.map { $0 + start })
                lengths.append(end - start)
                start = end
            }
            return starts.withUnsafeMutableBufferPointer {
                redisFormatCommandArgv(&formatted, count, $0.baseAddress, lengths)
            }
        }
        guard length >= 0, let formatted else {
            throw RedisError(.overloaded, "no memory to format \(name)")
        }
        defer { redisFreeCommand(formatted) }
        output += UnsafeRawBufferPointer(start: formatted, count: Int(length))
    }
}
