/// What a Redis server answers, in RESP2.
public enum RedisReply: Sendable, Hashable {
    /// A simple status such as `OK`.
    case status(String)
    /// An error; ``RedisClient/send(_:)`` throws it, inside pipelines and arrays it stands for itself.
    case error(RedisError)
    /// A whole number.
    case integer(Int64)
    /// Bytes.
    case bulk([UInt8])
    /// Nothing there.
    case null
    /// A list of replies.
    case array([RedisReply])

    /// The bytes of a bulk reply.
    public var bytes: [UInt8]? {
        guard case .bulk(let bytes) = self else { return nil }
        return bytes
    }

    /// The text of a bulk or status reply; bytes that are not UTF-8 are repaired.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The number of an integer reply.
    public var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return Int(exactly: value)
    }

    /// The elements of a list.
    public var array: [RedisReply]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The reply, unless it is an error.
    ///
    /// - Returns: The reply itself.
    /// - Throws: The `RedisError` that the server answered with.
    public func get() throws -> RedisReply {
        if case .error(let error) = self { throw error }
        return self
    }

    /// The error for a reply of a kind that the command does not have.
    static func unexpected(_ command: String) -> RedisError {
        RedisError(.protocolViolation, "\(command) was answered with a reply of another kind")
    }
}
