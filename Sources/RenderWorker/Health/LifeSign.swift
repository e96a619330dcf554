import FoundationEssentials
import Glibc
import QueueProtocol

/// What a running worker leaves in a small file with every heartbeat, for whoever asks whether it lives: twenty workers that
/// are asked every few seconds cost the database nothing.
struct LifeSign: Sendable, Hashable, Codable {
    /// What the worker was doing.
    enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// It starts, or waits for PostgreSQL, its schema or Redis.
        case waiting
        /// It takes jobs.
        case serving
        /// It sees its jobs through and takes no more.
        case draining
        /// Its heartbeat does not reach PostgreSQL. A new process would not either: the worker is well, and goes on by
        /// itself.
        case cutOff = "cut-off"
    }

    /// Whether a worker lives.
    enum Verdict: Sendable, Hashable {
        case alive(State)
        /// It does not, and why that is thought.
        case dead(String)
    }

    /// What it was doing.
    var state: State
    /// The machine's monotonic clock, in milliseconds: one that nobody sets.
    var beat: Int64
    /// How long the worker's leases last, in milliseconds.
    var lease: Int64

    /// Whether the worker that left it lives.
    ///
    /// - Parameter now: The machine's monotonic clock, in milliseconds.
    /// - Returns: Dead where it is as old as a lease: then the worker's jobs begin elsewhere. One of the future is of a
    ///   time before the machine was started.
    func verdict(at now: Int64) -> Verdict {
        let age = now - beat
        guard age >= 0 else { return .dead("its last sign of life is from before this machine was started") }
        guard age < lease else {
            return .dead(
                "its last sign of life is \(age / 1000) s old (\(state.rawValue)); its leases last \(lease / 1000) s")
        }
        return .alive(state)
    }

    /// The machine's monotonic clock, in milliseconds.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Reads the sign at a path. Blocks.
    ///
    /// - Parameter path: The file.
    /// - Returns: The sign; nil where there is none that can be read.
    static func read(_ path: String) -> LifeSign? {
        guard let text = FileManager.default.contents(atPath: path), text.count <= 4096 else { return nil }
        return try? JSONText.decode(LifeSign.self, from: text)
    }
}
