import QueueProtocol
import StudioRedis
import Synchronization

/// Turns what is heard of a Python task into a job's progress and log.
///
/// A task says how far it is by `update_state(state="PROGRESS", meta={…})` with any of `progress` (0…1), `percent` (0…100),
/// `stage`, `message` and `log`, a line or a list of lines; another word than `PROGRESS` is taken for the stage.
final class CeleryNews: Sendable {
    private let progress: @Sendable (RunProgress) -> Void
    private let log: @Sendable (String) -> Void
    private let isWorking = Mutex(false)

    init(_ context: RunContext) {
        progress = context.progress
        log = context.log
    }

    /// Takes news in, in order.
    func hear(_ news: PythonTaskNews) {
        switch news {
        case .waiting:
            isWorking.withLock { $0 = false }
            progress(RunProgress(fraction: nil, stage: CeleryRunner.waitingStage))
        case .taken(let node, .reserved):
            log("the Python worker \(node) has taken the task")
        case .taken(let node, .active):
            log("the Python worker \(node) works on the task")
            begin()
        case .state(let state):
            switch state.name {
            case "STARTED": begin()
            case "RETRY":
                log("the Python task raised \(state.raised.text) and is tried again by Celery")
                progress(RunProgress(fraction: nil, stage: "waiting for Celery's retry"))
            default: report(state)
            }
        }
    }

    private func begin() {
        let isFirst = isWorking.withLock { working in
            defer { working = true }
            return !working
        }
        if isFirst { progress(RunProgress(fraction: nil, stage: "running")) }
    }

    private func report(_ state: PythonTaskState) {
        isWorking.withLock { $0 = true }
        let told = state.result
        for line in told["log"]?.arrayValue ?? [told["log"] ?? .null] {
            if let text = line.stringValue { text.split(whereSeparator: \.isNewline).forEach { log(String($0)) } }
        }
        let fraction = told["progress"]?.doubleValue ?? told["percent"]?.doubleValue.map { $0 / 100 }
        let stage = told["stage"]?.stringValue ?? (state.name == "PROGRESS" ? "running" : state.name.lowercased())
        progress(
            RunProgress(
                fraction: fraction.map { min(1, max(0, $0)) }, stage: String(stage.prefix(64)),
                message: String((told["message"]?.stringValue ?? "").prefix(400))))
    }
}

extension PythonTaskState.Raised {
    /// The exception as people read it: `ValueError: strength is negative`.
    var text: String { message.isEmpty ? type : "\(type): \(message)" }
}
