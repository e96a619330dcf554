import CCrypto

/// Random bytes for keys, salts and tokens.
public enum SecureRandom {
    /// Random bytes from OpenSSL's generator, which the kernel seeds.
    ///
    /// - Parameter count: How many, 0 or more.
    /// - Returns: That many bytes nobody can guess.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...Int(Int32.max)).contains(count), "a count of random bytes is 0 or more")
        var bytes = [UInt8](repeating: 0, count: count)
        if count > 0 { Libcrypto.require(RAND_bytes(&bytes, Int32(count))) }
        return bytes
    }
}
