import QueueProtocol

/// What an engine says it is.
struct EngineVersion: Sendable, Hashable {
    /// A version of the API.
    struct Number: Sendable, Hashable, Comparable, CustomStringConvertible {
        var major: Int
        var minor: Int

        init(major: Int, minor: Int) { (self.major, self.minor) = (major, minor) }

        /// Reads `1.41`; nil for anything else.
        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
            self.init(major: major, minor: minor)
        }

        static func < (one: Number, other: Number) -> Bool { (one.major, one.minor) < (other.major, other.minor) }

        var description: String { "\(major).\(minor)" }
    }

    /// The engine's own version, such as `20.10.24`.
    var engine: String
    /// The newest version of the API that it speaks.
    var newest: Number
    /// The oldest that it still speaks.
    var oldest: Number

    init?(_ answer: JSONValue) {
        guard let newest = answer["ApiVersion"]?.stringValue.flatMap(Number.init) else { return nil }
        self.newest = newest
        oldest = answer["MinAPIVersion"]?.stringValue.flatMap(Number.init) ?? newest
        engine = answer["Version"]?.stringValue ?? "unknown"
    }

    /// The version of the API to speak with it: what this client is written against, where the engine speaks that.
    var spoken: Number { max(oldest, min(newest, ContainerEngine.writtenAgainst)) }
}

/// What an engine's machine has.
struct EngineCapacity: Sendable, Hashable {
    /// Cores.
    var cpus: Int
    /// Memory, in bytes.
    var memory: Int
}
