package import FoundationEssentials
package import QueueProtocol

/// A worker process as it announces itself.
package struct WorkerRegistration: Sendable, Hashable {
    package var id: WorkerID
    package var name: String
    package var hostname: String
    package var pid: Int
    package var version: String
    package var queues: [String]
    package var slots: Int

    package init(
        id: WorkerID, name: String, hostname: String, pid: Int, version: String, queues: [String], slots: Int
    ) {
        self.id = id
        self.name = name
        self.hostname = hostname
        self.pid = pid
        self.version = version
        self.queues = queues
        self.slots = slots
    }
}

/// Whether a worker takes jobs.
package enum WorkerState: String, Sendable, Hashable, Codable {
    case serving, draining, stopped
}

/// A worker process as last seen.
package struct WorkerRecord: Sendable, Hashable {
    package var registration: WorkerRegistration
    package var state: WorkerState
    package var startedAt: Date
    package var seenAt: Date
    /// How long ago that was, by the database's clock, as `seenAt` is: no other clock can tell.
    package var silence: Duration
    /// Functions whose models it has loaded.
    package var warmFunctions: [String]
    /// Jobs it holds now.
    package var running: [HeldClaim]
    /// Functions it is not given, because it failed them again and again.
    package var blockedFunctions: [String]
}
