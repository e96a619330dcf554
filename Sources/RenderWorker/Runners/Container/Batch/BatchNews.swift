import FoundationEssentials
import QueueProtocol
import StudioCore

/// Turns what a container writes into a job's progress and log.
///
/// A line of standard output that is a JSON object with `progress`, 0…1, is progress, with `stage` and `message` where it
/// has them; everything else is the log. Lines are cut at a length, and what is no UTF-8 is replaced.
final class BatchNews: Sendable {
    /// The longest line; the rest of a longer one is dropped.
    static let longestLine = 8 << 10

    private struct State: Sendable {
        var output = LineSplitter(bound: BatchNews.longestLine)
        var errors = LineSplitter(bound: BatchNews.longestLine)
    }

    private let state = Mutexed(State())
    private let progress: @Sendable (RunProgress) -> Void
    private let log: @Sendable (String) -> Void

    init(_ context: RunContext) {
        progress = context.progress
        log = context.log
    }

    /// Takes in what it wrote.
    func take(_ stream: LogFrames.Stream, _ bytes: Data) {
        let lines = state.with { state in
            var lines: [String] = []
            switch stream {
            case .output: state.output.feed(bytes) { lines.append($0) }
            case .errors: state.errors.feed(bytes) { lines.append($0) }
            }
            return lines
        }
        for line in lines { hear(line, stream) }
    }

    /// Takes in what came after the last line's end.
    func finish() {
        let (outputs, errors) = state.with { state in
            var (outputs, errors): ([String], [String]) = ([], [])
            state.output.finish { outputs.append($0) }
            state.errors.finish { errors.append($0) }
            return (outputs, errors)
        }
        for line in outputs { hear(line, .output) }
        for line in errors { hear(line, .errors) }
    }

    private func hear(_ line: String, _ stream: LogFrames.Stream) {
        guard stream == .output, line.first == "{", let told = EngineJSON.value(Array(line.utf8)),
            let fraction = told["progress"]?.doubleValue, fraction.isFinite
        else { return log(line) }
        progress(
            RunProgress(
                fraction: min(1, max(0, fraction)), stage: String((told["stage"]?.stringValue ?? "running").prefix(64)),
                message: String((told["message"]?.stringValue ?? "").prefix(400))))
    }
}
