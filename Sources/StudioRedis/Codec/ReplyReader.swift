import CHiredis

/// hiredis's incremental RESP2 reader: bytes in, replies out. Belongs to one event loop.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private let maximumReplyBytes: Int
    private var bytesSinceReply = 0

    /// A reader that refuses replies of more than so many bytes.
    init(maximumReplyBytes: Int) throws(RedisError) {
        guard let reader = redisReaderCreate() else {
            throw RedisError(.unavailable, "no memory for a reader of replies")
        }
        self.reader = reader
        self.maximumReplyBytes = maximumReplyBytes
    }

    deinit { redisReaderFree(reader) }

    /// Takes bytes as they came; they are copied.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        bytesSinceReply += bytes.count
        guard bytesSinceReply <= maximumReplyBytes else {
            throw RedisError(.protocolViolation, "a reply has more than \(maximumReplyBytes) bytes")
        }
        guard redisReaderFeed(reader, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count) == REDIS_OK else {
            throw violation()
        }
    }

    /// The next whole reply; nil until more bytes come.
    mutating func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        bytesSinceReply = reader.pointee.len - reader.pointee.pos
        return Self.value(object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private static func value(_ reply: redisReply) -> RedisReply {
        switch reply.type {
        case REDIS_REPLY_STATUS: .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: .error(RedisError(serverReply: String(decoding: bytes(reply), as: UTF8.self)))
        case REDIS_REPLY_INTEGER: .integer(reply.integer)
        case REDIS_REPLY_STRING: .bulk(Array(bytes(reply)))
        case REDIS_REPLY_ARRAY:
            .array(
                UnsafeBufferPointer(start: reply.element, count: reply.elements).map { element in
                    element.map { value($0.pointee) } ?? .null
                })
        default: .null
        }
    }

    private static func bytes(_ reply: redisReply) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.str, count: reply.len)
    }

    private func violation() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, text.isEmpty ? "the reply is no RESP2" : text)
    }
}
