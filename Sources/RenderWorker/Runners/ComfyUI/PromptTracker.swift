import StudioCore
import Synchronization

/// What is known of a prompt that is under way: takes events in and reports progress, and tells who follows it when to look.
final class PromptTracker: Sendable {
    private struct State {
        var progress: PromptProgress
        var lastChange = ContinuousClock.now
        var wasHeard = false
    }

    private let state: Mutex<State>
    private let report: @Sendable (RunProgress) -> Void
    private let continuation: AsyncStream<Void>.Continuation
    /// Has something whenever the history is to be looked at. For one reader.
    let looks: AsyncStream<Void>

    init(_ progress: PromptProgress, report: @escaping @Sendable (RunProgress) -> Void) {
        state = Mutex(State(progress: progress))
        self.report = report
        (looks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// When something of the prompt was seen to change last.
    var lastChange: ContinuousClock.Instant { state.withLock { $0.lastChange } }

    /// Whether the prompt was heard of since this was asked last.
    func wasHeard() -> Bool {
        state.withLock { state in
            defer { state.wasHeard = false }
            return state.wasHeard
        }
    }

    /// Takes messages in, in order.
    func hear(_ messages: [WebSocket.Message]) {
        var isEnded = false
        for event in messages.lazy.compactMap(ComfyEvent.read) {
            let progress = state.withLock { state -> RunProgress? in
                guard state.progress.hear(event) else { return nil }
                state.wasHeard = true
                state.lastChange = .now
                isEnded = state.progress.isEnded
                return state.progress.takeReport()
            }
            if let progress { report(progress) }
        }
        if isEnded { look() }
    }

    /// Notes that something of the prompt was seen to change, other than by its events.
    func changed() { state.withLock { $0.lastChange = .now } }

    /// Says how many prompts are before one that waits.
    func waits(behind others: Int) {
        report(
            RunProgress(
                fraction: nil, stage: ComfyRunner.waitingStage, message: others == 0 ? "" : "\(others) before it"))
    }

    /// Has the history looked at.
    func look() { continuation.yield() }

    /// Has the history looked at again and again, until the task is cancelled.
    func lookEvery(_ interval: Duration) async {
        while !Task.isCancelled {
            try? await ContinuousClock().sleep(for: interval)
            look()
        }
    }
}
