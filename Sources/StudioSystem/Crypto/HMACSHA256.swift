import CCrypto

/// HMAC with SHA-256 (RFC 2104): proof that bytes come from someone who has the key.
public struct HMACSHA256: Sendable {
    private let key: [UInt8]

    /// Keeps the key.
    ///
    /// - Parameter key: The secret; 32 random bytes or more for signing tokens. It appears in no description.
    public init(key: some Sequence<UInt8>) {
        self.key = Array(key)
    }

    /// The code of some bytes.
    ///
    /// - Parameter bytes: What is authenticated.
    /// - Returns: 32 bytes.
    public func code(for bytes: some Sequence<UInt8>) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        let message = Array(bytes)
        // An empty key is a key of zero length to HMAC, but a nil pointer would mean "the key used before" to OpenSSL.
        let lent = key.isEmpty ? [0] : key
        _ = Libcrypto.require(HMAC(EVP_sha256(), lent, Int32(key.count), message, message.count, &code, nil))
        return code
    }

    /// Checks a code in constant time.
    ///
    /// - Parameters:
    ///   - code: The code that came with the bytes; one of another length is refused.
    ///   - bytes: What it is said to authenticate.
    /// - Returns: Whether it was made with this key.
    public func isValid(_ code: some Collection<UInt8>, for bytes: some Sequence<UInt8>) -> Bool {
        Libcrypto.isEqual(code, self.code(for: bytes))
    }
}

extension HMACSHA256: CustomStringConvertible, CustomReflectable {
    /// Names the type; the key stays secret.
    public var description: String { "HMACSHA256" }

    /// Shows nothing: the key stays secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
