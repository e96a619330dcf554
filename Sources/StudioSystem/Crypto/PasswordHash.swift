import CCrypto

/// A password as it is kept: scrypt (RFC 7914) in the PHC string format, `$scrypt$ln=15,r=8,p=1$salt$hash`.
///
/// The parameters stand in the text, so that they can be raised for new passwords while old ones go on working. Hashing
/// and checking take about 0.1 s and, at the default, 32 MiB each, and block: never on the cooperative pool, and never
/// more at once than the memory allows.
public struct PasswordHash: Hashable, Sendable {
    /// What scrypt costs.
    public struct Cost: Hashable, Sendable {
        /// The logarithm to base 2 of the number of rounds and memory blocks, 10…20.
        public let logarithmN: Int
        /// The block size in units of 128 bytes, 1…32.
        public let blockSize: Int
        /// How many times the work is done one after the other, 1…16.
        public let parallelism: Int

        /// N = 2¹⁵, r = 8, p = 1: 32 MiB.
        public static let standard = Cost(uncheckedLogarithmN: 15, blockSize: 8, parallelism: 1)

        /// A cost; nil where a number is out of its range or the memory would exceed 256 MiB.
        ///
        /// - Parameters:
        ///   - logarithmN: The logarithm to base 2 of N, 10…20.
        ///   - blockSize: r, 1…32.
        ///   - parallelism: p, 1…16.
        public init?(logarithmN: Int, blockSize: Int, parallelism: Int) {
            guard (10...20).contains(logarithmN), (1...32).contains(blockSize), (1...16).contains(parallelism),
                (128 << logarithmN) * blockSize <= Self.mostMemory
            else { return nil }
            self.init(uncheckedLogarithmN: logarithmN, blockSize: blockSize, parallelism: parallelism)
        }

        private init(uncheckedLogarithmN: Int, blockSize: Int, parallelism: Int) {
            logarithmN = uncheckedLogarithmN
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        static let mostMemory = 256 << 20
    }

    /// The cost this password was hashed with.
    public let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Hashes a new password with a fresh salt. Blocks.
    ///
    /// - Parameters:
    ///   - password: The password, taken as its UTF-8 bytes.
    ///   - cost: What it costs to try a password; default ``Cost/standard``.
    /// - Throws: `PasswordHashError` where scrypt does not get its memory.
    public init(hashing password: String, cost: Cost = .standard) throws(PasswordHashError) {
        self.cost = cost
        salt = SecureRandom.bytes(16)
        hash = try Self.derive(password, salt: salt, cost: cost, count: 32)
    }

    /// Reads the text form.
    ///
    /// - Parameter text: `$scrypt$ln=…,r=…,p=…$salt$hash`; nil for anything else, costs out of range included.
    public init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let names = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard names.count == 3, let ln = Self.number("ln", names[0]), let r = Self.number("r", names[1]),
            let p = Self.number("p", names[2]), let cost = Cost(logarithmN: ln, blockSize: r, parallelism: p),
            let salt = Base64Alphabet.standard.decode(parts[3]), (8...64).contains(salt.count),
            let hash = Base64Alphabet.standard.decode(parts[4]), (16...64).contains(hash.count)
        else { return nil }
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// The text form: what the database keeps.
    public var text: String {
        "$scrypt$ln=\(cost.logarithmN),r=\(cost.blockSize),p=\(cost.parallelism)"
            + "$\(Base64Alphabet.standard.encode(salt))$\(Base64Alphabet.standard.encode(hash))"
    }

    /// Checks a password, comparing in constant time. Blocks.
    ///
    /// - Parameter password: What was typed.
    /// - Returns: Whether it is the password.
    /// - Throws: `PasswordHashError` where scrypt does not get its memory.
    public func matches(_ password: String) throws(PasswordHashError) -> Bool {
        Libcrypto.isEqual(try Self.derive(password, salt: salt, cost: cost, count: hash.count), hash)
    }

    /// Does the work of ``matches(_:)`` for an account that does not exist, so that the answer takes as long and tells
    /// nobody which accounts there are. Blocks.
    ///
    /// - Parameter password: What was typed.
    /// - Returns: Always false.
    /// - Throws: `PasswordHashError` where scrypt does not get its memory.
    public static func matchesNobody(_ password: String) throws(PasswordHashError) -> Bool {
        let derived = try derive(password, salt: [UInt8](repeating: 0, count: 16), cost: .standard, count: 32)
        return Libcrypto.isEqual(derived, [UInt8](repeating: 0, count: 32)) && false
    }

    private static func number(_ name: String, _ part: Substring) -> Int? {
        let digits = part.dropFirst(name.count + 1)
        guard part.hasPrefix(name + "="), (1...2).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(digits)
    }

    package static func derive(
        _ password: String, salt: [UInt8], cost: Cost, count: Int
    ) throws(PasswordHashError) -> [UInt8] {
        try scrypt(
            Array(password.utf8), salt: salt, rounds: 1 << UInt64(cost.logarithmN), blockSize: UInt64(cost.blockSize),
            parallelism: UInt64(cost.parallelism), count: count)
    }

    /// The bare function of RFC 7914; parameters are the caller's to bound.
    package static func scrypt(
        _ password: [UInt8], salt: [UInt8], rounds: UInt64, blockSize: UInt64, parallelism: UInt64, count: Int
    ) throws(PasswordHashError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        let status = password.withUnsafeBytes { bytes in
            EVP_PBE_scrypt(
                // Where an empty password has no address, OpenSSL takes nil for the empty password.
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, salt, salt.count, rounds,
                blockSize, parallelism, UInt64(Cost.mostMemory) + (64 << 20), &output, count)
        }
        guard status == 1 else { throw PasswordHashError() }
        return output
    }
}

extension PasswordHash: CustomStringConvertible, CustomReflectable {
    /// Names the type and the cost; salt and hash stay out of logs.
    public var description: String { "PasswordHash(scrypt, ln=\(cost.logarithmN))" }

    /// Shows the cost only.
    public var customMirror: Mirror { Mirror(self, children: ["cost": cost]) }
}

/// The password could not be hashed: the memory scrypt needs was not to be had. The same call may work later.
public struct PasswordHashError: Error, Hashable, CustomStringConvertible {
    /// Says so; safe to show.
    public var description: String { "there is not enough memory to check a password just now; try again" }
}
