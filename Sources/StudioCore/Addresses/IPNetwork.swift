/// Addresses that begin alike, such as `10.0.0.0/8` and `2001:db8::/32`; a single address is a network of one.
public struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
    private let first: IPAddress
    /// How many of the 128 bits they have in common.
    private let length: Int

    /// Reads an address, or an address and the number of leading bits that count (CIDR); nil where it is neither, or where
    /// bits beyond those that count are set: that is a mistake more often than it is meant.
    ///
    /// - Parameter text: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first.flatMap({ IPAddress($0) }), parts.count <= 2 else { return nil }
        let width = first.isIPv4 && !(parts[0].contains(":")) ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
                let given = Int(parts[1]), given <= width
            else { return nil }
            length = given
        }
        self.first = first
        self.length = 128 - width + length
        guard first.bits & ~mask == 0 else { return nil }
    }

    private var mask: UInt128 { length == 0 ? 0 : UInt128.max << (128 - length) }

    /// Whether every address of its kind lies in it.
    public var isEverything: Bool { length == 0 || (length == 96 && first.isIPv4) }

    /// Whether an address lies in it; an IPv4 address never lies in an IPv6 network that merely is large.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == first.isIPv4 && address.bits & mask == first.bits
    }

    /// The network as it is written.
    public var description: String { "\(first)/\(first.isIPv4 ? length - 96 : length)" }
}
