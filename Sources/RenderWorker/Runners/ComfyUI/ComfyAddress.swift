import FoundationEssentials

/// Where a ComfyUI server is, taken apart once from its URL.
struct ComfyAddress: Sendable, Hashable {
    /// The URL without user and password and without a slash at its end; paths are put behind it.
    let base: String
    /// What is shown of it: host and port, without what gives access.
    let label: String
    /// What `Authorization` says, where the URL has a user; for a proxy in front, ComfyUI itself asks nobody.
    let authorization: String?
    private let socket: WebSocketAddress
    private let path: String

    /// - Parameter url: An `http://` or `https://` address; nil where it is none.
    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host(),
            !host.isEmpty
        else { return nil }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        let name = host.trimmingBrackets
        let shown = name.contains(":") ? "[\(name)]" : name
        label = "\(shown):\(port)"
        var path = url.path(percentEncoded: true)
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        base = "\(scheme)://\(shown):\(port)\(path)"
        let user = url.user(percentEncoded: false)
        let password = url.password(percentEncoded: false)
        authorization = user.map { "Basic \(Data("\($0):\(password ?? "")".utf8).base64EncodedString())" }
        socket = WebSocketAddress(
            host: name, port: port, isSecure: scheme == "https", target: path, authorization: authorization)
    }

    /// The WebSocket of a client.
    ///
    /// - Parameter client: The client's id, of letters, digits and hyphens.
    /// - Returns: Where its events come from.
    func events(of client: String) -> WebSocketAddress {
        var address = socket
        address.target = "\(path)/ws?clientId=\(client)"
        return address
    }
}

extension String {
    /// An IPv6 address without the brackets that it has in URLs.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
