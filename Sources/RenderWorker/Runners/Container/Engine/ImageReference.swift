/// An image's name taken apart: `registry.example.com:5000/studio/upscale:1.2.0@sha256:…`.
struct ImageReference: Sendable, Hashable {
    /// All of it.
    let text: String
    /// The name, with the registry where one is named, without tag and digest.
    let name: String
    /// The tag; nil where none is named.
    let tag: String?
    /// The digest, `sha256:…`; nil where none is named.
    let digest: String?

    /// Takes a reference apart; a manifest has checked its form.
    init(_ text: String) {
        self.text = text
        let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
        digest = parts.count > 1 ? parts[1] : nil
        let tagged = parts.first ?? text
        // A colon before the last slash is a port's.
        let start = tagged.lastIndex(of: "/") ?? tagged.startIndex
        if let colon = tagged[start...].lastIndex(of: ":") {
            name = String(tagged[..<colon])
            tag = String(tagged[tagged.index(after: colon)...])
        } else {
            (name, tag) = (tagged, nil)
        }
    }

    /// The registry's host and port; the public one where none is named.
    var registry: String {
        guard let first = name.split(separator: "/", maxSplits: 1).first, first.count < name.count,
            first.contains(".") || first.contains(":") || first == "localhost"
        else { return Self.publicRegistry }
        return String(first)
    }

    /// The name as every registry writes it: of the public registry without its host and without `library/`.
    var repository: String {
        var short = name
        for prefix in ["docker.io/", "index.docker.io/", "library/"] where short.hasPrefix(prefix) {
            short = String(short.dropFirst(prefix.count))
        }
        return short
    }

    static let publicRegistry = "docker.io"
}
