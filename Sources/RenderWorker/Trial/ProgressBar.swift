import Synchronization

/// Progress for a person at a terminal: one line that is written over. Where nobody looks on, a line for each new stage and
/// each tenth.
final class ProgressBar: Sendable {
    private struct State {
        var line = ""
        var stage = ""
        var tenth = -1
    }

    private static let width = 32

    private let isTerminal: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - isTerminal: Whether lines can be written over.
    ///   - write: Writes text.
    init(isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Shows how far it is.
    func show(_ progress: RunProgress) {
        let words = [progress.stage, progress.message].filter { !$0.isEmpty }.joined(separator: ": ")
        let text = String(words.map { $0.isNewline ? " " : $0 }.prefix(80))
        let percent = progress.fraction.map { Int(($0 * 100).rounded(.down)) }
        state.withLock { state in
            guard isTerminal else {
                let tenth = percent.map { $0 / 10 } ?? state.tenth
                guard tenth != state.tenth || progress.stage != state.stage else { return }
                (state.tenth, state.stage) = (tenth, progress.stage)
                write("\(percent.map { "\($0) % " } ?? "")\(text)\n")
                return
            }
            let full = percent.map { $0 * Self.width / 100 } ?? 0
            let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
            let shown = percent.map { String($0) } ?? "…"
            state.line = "\(bar) \(shown) % \(text)"
            write("\r\u{1B}[2K\(state.line)")
        }
    }

    /// Writes a line above the bar.
    func print(_ line: String) {
        state.withLock { state in
            guard isTerminal else { return write(line + "\n") }
            write("\r\u{1B}[2K\(line)\n\(state.line)")
        }
    }

    /// Leaves the bar as it is and goes on below it.
    func end() {
        state.withLock { state in
            if isTerminal, !state.line.isEmpty { write("\n") }
            state = State()
        }
    }
}
