import Foundation

/// What came of a run.
struct ChaosReport: CustomStringConvertible {
    let seed: UInt64
    let jobs: Int
    let endings: [String: Int]
    let takes: Int
    let lost: Int
    let doubledJobs: Int
    let doubledTakes: Int
    let events: Int
    let connections: Int
    let recovery: [String]
    let counts: [String: Int]
    var submissionsPerSecond = 0.0
    /// What was promised and not kept.
    var breaches: [String]

    init(
        seed: UInt64, jobs: Int, endings: [String: Int], takes: Int, lost: Int, doubledJobs: Int, doubledTakes: Int,
        events: Int, connections: Int, recovery: [String], counts: [String: Int], breaches: [String]
    ) {
        self.seed = seed
        self.jobs = jobs
        self.endings = endings
        self.takes = takes
        self.lost = lost
        self.doubledJobs = doubledJobs
        self.doubledTakes = doubledTakes
        self.events = events
        self.connections = connections
        self.recovery = recovery
        self.counts = counts
        self.breaches = breaches
    }

    var description: String {
        let faults = counts.filter { $0.key.hasPrefix("fault ") }
        let other = counts.filter { !$0.key.hasPrefix("fault ") }
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        let injected = faults.map { (String($0.key.dropFirst("fault ".count)), $0.value) }
        var lines = [
            "seed \(seed)",
            "jobs: \(jobs) (\(list(endings))), \(String(format: "%.1f", submissionsPerSecond)) a second",
            "clients: \(list(other))",
            "faults: \(faults.values.reduce(0, +)) (\(list(Dictionary(uniqueKeysWithValues: injected))))",
            "lost: \(lost)",
            "doubled jobs: \(doubledJobs)",
            "takes: \(takes), doubled: \(doubledTakes)",
            "events: \(events) seen over \(connections) connections",
        ]
        lines += recovery
        lines.append("breaches: \(breaches.count)")
        return lines.joined(separator: "\n")
    }
}
