import Synchronization

/// A Lua script that runs on the server in one piece; sent whole once, afterwards by its digest.
public final class RedisScript: Sendable {
    /// The Lua text.
    public let source: String
    private let digest = Mutex<String?>(nil)

    /// A script.
    ///
    /// - Parameter source: The Lua text.
    public init(_ source: String) { self.source = source }

    /// The digest the server knows it by, once a server has told.
    var knownDigest: String? {
        get { digest.withLock { $0 } }
        set { digest.withLock { $0 = newValue } }
    }
}
