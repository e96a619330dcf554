/// Where a container engine is, as Docker's own programs are told it.
public enum EngineAddress: Sendable, Hashable {
    /// A Unix socket's absolute path.
    case unixSocket(String)
    /// A host and a port, without TLS: for a network that nobody else is on.
    case tcp(String)
    /// A host and a port, with TLS; the folder has `ca.pem`, and `cert.pem` and `key.pem` for the client.
    case tls(String, certificates: String)

    /// Where an engine is if nobody says otherwise.
    public static let standard = "unix:///var/run/docker.sock"

    /// Reads an address; nil where it is neither of the two.
    ///
    /// - Parameters:
    ///   - text: `unix:///path`, or `tcp://host[:port]`; the port is 2375, or 2376 with TLS, where it is left out.
    ///   - certificates: The folder of the certificates; nil is without TLS.
    public init?(_ text: String, certificates: String?) {
        let parts = text.split(separator: "://", maxSplits: 1).map(String.init)
        guard parts.count == 2, !parts[1].utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return nil }
        switch parts[0] {
        case "unix":
            guard parts[1].hasPrefix("/") else { return nil }
            self = .unixSocket(parts[1])
        case "tcp":
            let authority = parts[1].hasSuffix("/") ? String(parts[1].dropLast()) : parts[1]
            guard !authority.isEmpty, !authority.contains(where: { "/@?#".contains($0) }) else { return nil }
            // The colons of an IPv6 address stand in brackets.
            let afterHost = authority.split(separator: "]", omittingEmptySubsequences: false).last ?? ""
            let port = afterHost.split(separator: ":", omittingEmptySubsequences: false)
            guard port.count <= 2, port.count < 2 || UInt16(port[1]) != nil else { return nil }
            let whole = port.count == 2 ? authority : "\(authority):\(certificates == nil ? 2375 : 2376)"
            self = certificates.map { .tls(whole, certificates: $0) } ?? .tcp(whole)
        default: return nil
        }
    }
}
