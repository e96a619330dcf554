import QueueProtocol

/// Who this worker is among Celery's nodes.
struct NodeIdentity: Sendable, Hashable {
    /// The program's name, as monitors are told it.
    static let software = "studio-render-worker"

    /// The node's name, `name@host`; unique for each process, as long as workers' names are on each machine.
    let name: String
    let pid: Int
    let version: String

    /// An identity.
    ///
    /// - Parameters:
    ///   - workerName: The worker's name; as it is configured, or the machine's name and the process id.
    ///   - hostName: The machine's name.
    ///   - pid: The process id.
    ///   - version: The program's version.
    init(workerName: String, hostName: String, pid: Int, version: String) {
        name = CeleryNodeName.of(worker: workerName, host: hostName)
        self.pid = pid
        self.version = version
    }
}
