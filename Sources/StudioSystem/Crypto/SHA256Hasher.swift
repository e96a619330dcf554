import CCrypto

// SAFETY: (of `@unchecked Sendable`) the context has one owner, which cannot be copied, and every method that touches it
// is mutating, so no two threads are in it at once.
/// SHA-256 of bytes that arrive piece by piece.
///
/// OpenSSL's EVP implementation, which uses the processor's SHA instructions: about 0.7 s a GiB.
public struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// A hasher that has seen nothing.
    public init() {
        context = Libcrypto.require(EVP_MD_CTX_new())
        Libcrypto.require(EVP_DigestInit_ex(context, EVP_sha256(), nil))
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The next bytes of the input.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        Libcrypto.require(EVP_DigestUpdate(context, base, bytes.count))
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The next bytes of the input.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let lent: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
        if lent == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// Gives the digest of everything added, and begins anew.
    ///
    /// - Returns: The digest.
    public mutating func finish() -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        Libcrypto.require(EVP_DigestFinal_ex(context, &bytes, nil))
        Libcrypto.require(EVP_DigestInit_ex(context, EVP_sha256(), nil))
        return SHA256Digest(computed: bytes)
    }
}

/// SHA-256 of bytes that are all there.
public enum SHA256 {
    /// Hashes bytes.
    ///
    /// - Parameter bytes: The input.
    /// - Returns: Its digest.
    public static func digest(of bytes: some Sequence<UInt8>) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// Hashes bytes.
    ///
    /// - Parameter bytes: The input.
    /// - Returns: Its digest as 64 lower-case hexadecimal digits.
    public static func hex(of bytes: some Sequence<UInt8>) -> String { digest(of: bytes).hex }
}
