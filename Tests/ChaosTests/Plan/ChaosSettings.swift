import Foundation
import StudioTestKit

/// How a run goes, from the environment of `make chaos`; by itself a short run with a fixed seed.
struct ChaosSettings: Sendable {
    /// How long faults are injected, in seconds.
    var seconds = 30
    /// What the plan of faults and the submissions follow from.
    var seed: UInt64 = 153
    /// The time from one fault to the next, in milliseconds.
    var pause = 2500...5500
    /// Leases of the workers, in seconds; every worker that is started has one of these.
    var leases = [3]
    /// Clients that submit at the same time.
    var clients = 8
    /// Where the logs and rows of a run that went wrong are left.
    var logs: String
    /// Whether those of a run that went well are left too: where a folder was named for them.
    var keepsLogs = false

    /// Where a worker shall also be tried with the lease that it has by default.
    private static let longRun = 300

    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func number<Number: LosslessStringConvertible>(_ name: String, _ standard: Number) throws -> Number {
            guard let text = environment[name], !text.isEmpty else { return standard }
            guard let number = Number(text) else { throw TestKitError("\(name) must be a whole number: \(text)") }
            return number
        }
        // The short run has many faults for its length.
        if (environment["CHAOS_SECONDS"] ?? "").isEmpty { pause = 800...2000 }
        seconds = max(5, try number("CHAOS_SECONDS", seconds))
        seed = try number("CHAOS_SEED", seed)
        clients = max(1, try number("CHAOS_CLIENTS", clients))
        leases = seconds >= Self.longRun ? [3, 10] : [3]
        if let lease = environment["CHAOS_LEASE"], !lease.isEmpty {
            leases = try lease.split(separator: ",").map { part in
                guard let seconds = Int(part) else { throw TestKitError("CHAOS_LEASE: \(lease)") }
                return seconds
            }
        }
        let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        keepsLogs = !(environment["CHAOS_LOGS"] ?? "").isEmpty
        logs = environment["CHAOS_LOGS"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(base)/chaos-\(seed)"
    }
}
