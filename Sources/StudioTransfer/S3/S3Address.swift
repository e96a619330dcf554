import FoundationEssentials
import StudioCore

/// Where a bucket's keys are: the host that is asked, and the path before the key.
struct S3Address: Sendable, Hashable {
    /// `http` or `https`.
    let scheme: String
    /// What stands in `Host`: a port only where it is not the scheme's own.
    let host: String
    /// What stands before a key, with a slash at its end.
    let base: String

    /// The bucket's address at a server; at Amazon's own where none is named.
    ///
    /// A named server is asked by path, which every one understands. Amazon is asked by a host for each bucket, unless the
    /// bucket's name has dots, which no certificate is made for.
    init(_ settings: S3Settings, server: URL?) {
        if let server, let name = server.host() {
            scheme = server.scheme?.lowercased() ?? "https"
            let standard = scheme == "https" ? 443 : 80
            let port = server.port ?? standard
            // An address of IPv6 comes without the brackets that it has wherever a port may follow.
            let bare = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
            host = port == standard ? bare : "\(bare):\(port)"
            base = "/\(settings.bucket)/"
        } else if settings.bucket.contains(".") {
            (scheme, host, base) = ("https", "s3.\(settings.region).amazonaws.com", "/\(settings.bucket)/")
        } else {
            (scheme, host, base) = ("https", "\(settings.bucket).s3.\(settings.region).amazonaws.com", "/")
        }
    }

    /// A key's path, percent-encoded; the bucket's own for an empty key.
    func path(of key: String) -> String { SignatureV4.encode(path: base + key) }

    /// The whole address of a path and a query, both encoded.
    func url(_ path: String, query: String) -> String {
        "\(scheme)://\(host)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }
}
