/// Who this worker is among Celery's nodes.
struct NodeIdentity: Sendable, Hashable {
    /// The program's name, as monitors are told it.
    static let software = "studio-render-worker"

    /// The node's name, `name@host`; unique for each process.
    let name: String
    let pid: Int
    let version: String

    /// An identity.
    ///
    /// - Parameters:
    ///   - workerName: The worker's name as it is configured; nil takes the process id.
    ///   - hostName: The machine's name.
    ///   - pid: The process id.
    ///   - version: The program's version.
    init(workerName: String?, hostName: String, pid: Int, version: String) {
        name = Self.plain(workerName ?? "worker-\(pid)") + "@" + Self.plain(hostName)
        self.pid = pid
        self.version = version
    }

    /// What splits names, or ends a line of `celery status`, may not stand in one.
    private static func plain(_ text: String) -> String {
        String(text.map { $0 == "@" || $0 == "," || $0.isWhitespace || !$0.isASCII ? "-" : $0 })
    }
}
