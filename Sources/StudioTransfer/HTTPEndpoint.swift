/// By what way an HTTP client reaches its servers.
public enum HTTPEndpoint: Sendable, Hashable {
    /// Over TCP to the host of each address; servers of `https` are held against the system's authorities.
    case network
    /// Over a Unix socket, whatever host an address names.
    case unixSocket(String)
    /// As ``network``, with an authority and a certificate of one's own.
    case tls(TLSFiles)

    /// Files in PEM that make a client trusted and its server known.
    public struct TLSFiles: Sendable, Hashable {
        /// The certificates of the authorities that may have signed the server's; nil takes the system's.
        public var authorities: String?
        /// The client's certificate; nil shows none.
        public var certificate: String?
        /// The client's key.
        public var key: String?

        /// Files.
        ///
        /// - Parameters:
        ///   - authorities: The path of the authorities' certificates; nil takes the system's.
        ///   - certificate: The path of the client's certificate; nil shows none.
        ///   - key: The path of the client's key.
        public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }
}
