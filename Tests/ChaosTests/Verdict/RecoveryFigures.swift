import Foundation

/// How long the jobs of workers that were killed or frozen took to run elsewhere.
struct RecoveryFigures {
    /// One job's.
    private struct Recovery {
        /// Until it ran elsewhere, in its place in the line.
        let seconds: Double
        /// Until its worker counted as lost, and it stood in the line again.
        let untilLost: Double
        let lease: Int
        /// Whether nothing else was broken on the way.
        let isQuiet: Bool
        let story: String
    }

    private var recoveries: [Recovery] = []

    /// What the design promises, in seconds.
    private static let bound = 15.0
    /// How long after an outage of PostgreSQL living workers are given the time to renew their leases, in seconds.
    private static let patience = 8.0

    /// Finds them in the attempts that were kept. Those of functions that workers are not given any more, for they always
    /// fail, tell nothing.
    ///
    /// - Parameters:
    ///   - studio: Where.
    ///   - journal: What else was broken meanwhile.
    ///   - retried: Jobs that people asked to retry, whose next attempt may be another story.
    /// - Throws: `TestKitError` with PostgreSQL's words.
    init(_ studio: ChaosStudio, _ journal: Journal, retried: Set<String>) async throws {
        var silences: [ProgramSlot.Silence] = []
        for slot in studio.workers { silences += await slot.silences }
        let troubles = journal.troubles
        let lost = try await studio.rows(
            """
            SELECT a.worker_name, extract(epoch FROM a.started_at), extract(epoch FROM a.finished_at),
                extract(epoch FROM n.started_at), a.job_id
            FROM job_attempts a JOIN job_attempts n ON n.job_id = a.job_id AND n.attempt = a.attempt + 1
                JOIN jobs j ON j.id = a.job_id
            WHERE a.outcome = 'lost' AND j.function <> '\(WorkKind.stumble.function)'
            """)
        for row in lost where !retried.contains(row[4]) {
            guard let begun = Double(row[1]), let ended = Double(row[2]), let next = Double(row[3]) else { continue }
            // The silence that this attempt ended in; one that began after it was lost has nothing to do with it.
            let cause = silences.last { silence in
                silence.name == row[0] && (begun...ended).contains(silence.at.timeIntervalSince1970)
            }
            guard let cause else { continue }
            let start = cause.at.timeIntervalSince1970
            let way = cause.at.addingTimeInterval(-Self.patience)...Date(timeIntervalSince1970: max(next, start))
            let isQuiet = !troubles.contains { $0.part != cause.part && $0.span.overlaps(way) }
            let (all, untilLost) = (Self.text(next - start), Self.text(ended - start))
            recoveries.append(
                Recovery(
                    seconds: next - start, untilLost: ended - start, lease: cause.lease, isQuiet: isQuiet,
                    story: "job \(row[4]) of \(row[0]): \(all) s, counted as lost after \(untilLost) s"))
        }
        recoveries.sort { $0.seconds < $1.seconds }
    }

    /// A line for each lease, with and without what else was broken, and one for each that was slow.
    var lines: [String] {
        var lines: [String] = []
        for lease in Set(recoveries.map(\.lease)).sorted() {
            let own = recoveries.filter { $0.lease == lease }
            lines.append("recovery, lease \(lease) s: \(Self.figures(own))")
            lines.append("recovery, lease \(lease) s, nothing else broken: \(Self.figures(own.filter(\.isQuiet)))")
        }
        let slow = recoveries.filter { $0.seconds > Self.bound }
        return lines + slow.suffix(5).map { "slow\($0.isQuiet ? " with nothing else broken" : ""): \($0.story)" }
    }

    private static func figures(_ recoveries: [Recovery]) -> String {
        guard !recoveries.isEmpty else { return "none" }
        let (lost, elsewhere) = (recoveries.map(\.untilLost).sorted(), recoveries.map(\.seconds).sorted())
        func percentile(_ sorted: [Double], _ part: Double) -> String {
            text(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
        }
        return """
            \(recoveries.count) jobs, running elsewhere p50 \(percentile(elsewhere, 0.5)) s, \
            p99 \(percentile(elsewhere, 0.99)) s; in the line again p50 \(percentile(lost, 0.5)) s, \
            p99 \(percentile(lost, 0.99)) s
            """
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.1f", seconds) }
}
