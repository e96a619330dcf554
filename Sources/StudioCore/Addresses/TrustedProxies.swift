/// The proxies before a gateway whose word on where a request came from is believed.
///
/// Everybody can write `X-Forwarded-For`; each proxy appends the address that it was called from. So only what a trusted
/// proxy appended counts: the header is read from its end, and the first address that is not a trusted proxy's is the client.
public struct TrustedProxies: Sendable, Hashable {
    private let networks: [IPNetwork]

    /// Proxies.
    ///
    /// - Parameter networks: Where they are; none, the default, believes nobody.
    public init(_ networks: [IPNetwork] = []) {
        self.networks = networks
    }

    /// Whether no proxy is trusted.
    public var isEmpty: Bool { networks.isEmpty }

    /// Whether an address is a trusted proxy's.
    public func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// Where a request came from.
    ///
    /// - Parameters:
    ///   - peer: The address at the other end of the connection.
    ///   - forwardedFor: `X-Forwarded-For`, its lines joined by commas in their order; nil where there is none.
    /// - Returns: The right-most address that is not a trusted proxy's; where all are, the left-most. The peer where it is
    ///   no trusted proxy. At an entry that is no address the search ends: what stands left of it was vouched for by nobody,
    ///   and the request counts as the last proxy's that was.
    public func client(of peer: IPAddress, forwardedFor: String?) -> IPAddress {
        guard contains(peer), let forwardedFor else { return peer }
        var client = peer
        for entry in forwardedFor.split(separator: ",", omittingEmptySubsequences: false).reversed() {
            guard let address = Self.address(in: entry) else { break }
            client = address
            if !contains(address) { break }
        }
        return client
    }

    /// The address of an entry, which some proxies write with its port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
    private static func address(in entry: Substring) -> IPAddress? {
        var text = entry
        while let first = text.utf8.first, first == 32 || first == 9 { text.removeFirst() }
        while let last = text.utf8.last, last == 32 || last == 9 { text.removeLast() }
        if let address = IPAddress(text) { return address }
        let host: Substring
        let port: Substring
        if text.first == "[", let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            port = text[text.index(after: end)...]
            guard host.contains(":") else { return nil }
        } else {
            guard let colon = text.firstIndex(of: ":") else { return nil }
            host = text[..<colon]
            port = text[colon...]
            guard !port.isEmpty else { return nil }
        }
        guard port.isEmpty || isPort(port) else { return nil }
        return IPAddress(host)
    }

    /// Whether a text is a colon and a port.
    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && (2...6).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) } && Int(text.dropFirst()) ?? .max <= 65535
    }
}
