import CCrypto

/// What is asked of libcrypto and cannot fail for any input: digests and random bytes.
enum Libcrypto {
    /// Takes the answer of a call that fails only when memory or the library itself is gone.
    ///
    /// - Parameter status: The call's return value; 1 is success.
    static func require(_ status: Int32) {
        // SAFETY: like an allocation that fails in Swift itself: no input leads here, and to go on without the digest or
        // without randomness would be worse than to stop.
        guard status == 1 else { fatalError("libcrypto is out of memory, or lacks SHA-256 or a source of randomness") }
    }

    /// Takes a pointer that is nil only when memory or the library itself is gone.
    static func require<Pointee>(_ pointer: Pointee?) -> Pointee {
        // SAFETY: see above.
        guard let pointer else { fatalError("libcrypto is out of memory or lacks SHA-256") }
        return pointer
    }

    /// Compares in a time that depends on the lengths only.
    static func isEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        let (left, right) = (Array(left), Array(right))
        return left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
