import Foundation
import Synchronization

/// What was done in a run, with its time: the steps that led to a failure.
final class Journal: Sendable {
    private struct State {
        var lines: [String] = []
        var breaches: [String] = []
        var counts: [String: Int] = [:]
        var troubles: [(part: Part, span: ClosedRange<Date>)] = []
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private let echo: Bool

    /// A journal.
    ///
    /// - Parameter echo: Whether every step is printed as it is done.
    init(echo: Bool) { self.echo = echo }

    /// Milliseconds since the start.
    var elapsed: Int {
        let parts = (ContinuousClock.now - start).components
        return Int(parts.seconds) * 1000 + Int(parts.attoseconds / 1_000_000_000_000_000)
    }

    /// Writes a step down.
    func note(_ text: String) {
        let line = String(format: "%8.3f  ", Double(elapsed) / 1000) + text
        state.withLock { $0.lines.append(line) }
        if echo { print(line) }
    }

    /// Writes down what must never be.
    func breach(_ text: String) {
        note("BREACH " + text)
        state.withLock { $0.breaches.append(text) }
    }

    /// Writes down how long a part was broken.
    func trouble(of part: Part, since start: Date) {
        let end = max(start, Date())
        state.withLock { $0.troubles.append((part, start...end)) }
    }

    /// When which part was broken.
    var troubles: [(part: Part, span: ClosedRange<Date>)] { state.withLock { $0.troubles } }

    /// Counts something.
    func count(_ what: String, _ number: Int = 1) { state.withLock { $0.counts[what, default: 0] += number } }

    /// How often something was counted.
    func counted(_ what: String) -> Int { state.withLock { $0.counts[what, default: 0] } }

    /// All that was counted.
    var counts: [String: Int] { state.withLock { $0.counts } }

    /// What must never be and was.
    var breaches: [String] { state.withLock { $0.breaches } }

    /// The last steps.
    func last(_ count: Int) -> [String] { state.withLock { Array($0.lines.suffix(count)) } }
}
