/// How workers of ours are called among Celery's nodes.
public enum CeleryNodeName {
    /// The name of a worker's node, `name@host`.
    ///
    /// - Parameters:
    ///   - worker: The worker's name, as the studio knows it.
    ///   - host: Its machine's name.
    /// - Returns: The name; what splits names, or ends a line of `celery status`, is a hyphen in it.
    public static func of(worker: String, host: String) -> String { plain(worker) + "@" + plain(host) }

    private static func plain(_ text: String) -> String {
        String(text.map { $0 == "@" || $0 == "," || $0.isWhitespace || !$0.isASCII ? "-" : $0 })
    }
}
