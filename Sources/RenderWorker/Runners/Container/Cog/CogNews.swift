import FoundationEssentials
import QueueProtocol
import StudioCore
import Synchronization

/// Turns what a model writes and measures while it works into a job's progress and log.
///
/// A model says how far it is by a metric `progress` (0…1) or `percent` (0…100), by a line that is a JSON object with
/// `progress`, `stage` and `message` as containers of the protocol `batch` write them, or by a progress bar of tqdm.
final class CogNews: Sendable {
    private struct State {
        var seen = 0
        var unfinished = ""
        var metric: Double?
    }

    /// The longest line that is kept.
    private static let longestLine = 16 << 10

    private let progress: @Sendable (RunProgress) -> Void
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(progress: @escaping @Sendable (RunProgress) -> Void, log: @escaping @Sendable (String) -> Void) {
        self.progress = progress
        self.log = log
    }

    /// Takes in all that the model wrote so far; what was heard before is not heard again.
    ///
    /// - Parameter text: The prediction's whole log until now; shorter than an earlier one where the server left it out.
    func hear(whole text: String) {
        let fresh = state.withLock { state -> Substring? in
            guard text.utf8.count > state.seen else { return nil }
            let start = text.utf8.index(text.startIndex, offsetBy: state.seen)
            state.seen = text.utf8.count
            return text[start...]
        }
        if let fresh { take(String(fresh)) }
    }

    /// Takes in what the model wrote next.
    func hear(next text: String) {
        state.withLock { $0.seen += text.utf8.count }
        take(text)
    }

    /// Takes in what the model measured.
    func hear(metrics: [String: JSONValue]) {
        let told = metrics["progress"]?.doubleValue ?? metrics["percent"]?.doubleValue.map { $0 / 100 }
        guard let told, told.isFinite else { return }
        let isNew = state.withLock { state in
            defer { state.metric = told }
            return state.metric != told
        }
        if isNew { progress(RunProgress(fraction: min(1, max(0, told)), stage: "running")) }
    }

    /// Hands out what came after the last end of a line.
    func finish() {
        let rest = state.withLock { state in
            defer { state.unfinished = "" }
            return state.unfinished
        }
        if !rest.isEmpty { hear(line: rest) }
    }

    private func take(_ text: String) {
        let lines = state.withLock { state -> [String] in
            state.unfinished += text
            // A progress bar writes over its own line: each return ends one.
            var lines = state.unfinished.split(
                omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
            ).map(String.init)
            state.unfinished = lines.removeLast()
            if state.unfinished.utf8.count > Self.longestLine {
                lines.append(state.unfinished)
                state.unfinished = ""
            }
            return lines
        }
        for line in lines where !line.isEmpty { hear(line: String(line.prefix(Self.longestLine))) }
    }

    private func hear(line: String) {
        if let told = Self.progress(in: line) {
            progress(told)
        } else {
            log(line)
        }
    }

    /// What a line says of progress; nil for a line of the log.
    static func progress(in line: String) -> RunProgress? {
        let text = line.drop(while: \.isWhitespace)
        if text.first == "{" {
            guard let told = try? JSONText.decode(JSONValue.self, from: Data(text.utf8)),
                let fraction = told["progress"]?.doubleValue, fraction.isFinite
            else { return nil }
            return RunProgress(
                fraction: min(1, max(0, fraction)),
                stage: String((told["stage"]?.stringValue ?? "running").prefix(64)),
                message: String((told["message"]?.stringValue ?? "").prefix(400)))
        }
        // `denoising:  45%|████▌     | 9/20 [00:04<00:05,  2.1it/s]`
        guard let bar = text.firstMatch(of: #/^(?:(.{1,64}?):)?\s*(\d{1,3})%\|[^|]*\|\s*(.*)$/#),
            let percent = Double(bar.2), percent <= 100
        else { return nil }
        let stage = bar.1.map(String.init) ?? "running"
        return RunProgress(fraction: percent / 100, stage: stage, message: String(bar.3.prefix(400)))
    }
}
