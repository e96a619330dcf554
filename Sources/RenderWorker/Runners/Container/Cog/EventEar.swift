import FoundationEssentials
import QueueProtocol
import Synchronization

/// Hears a prediction's events.
final class EventEar: Sendable {
    private struct State {
        var stream = EventStream(limit: CogServer.answerLimit)
        var over: CogPrediction?
    }

    private let state = Mutex(State())
    private let news: CogNews

    init(_ news: CogNews) { self.news = news }

    func hear(_ bytes: Data) throws(EventStream.TooLarge) {
        let events = try state.withLock { state throws(EventStream.TooLarge) in try state.stream.feed(bytes) }
        events.forEach(hear)
    }

    /// How the prediction ended; nil where that was not said.
    func over() -> CogPrediction? {
        if let whole = state.withLock({ $0.stream.finish() }) { return CogPrediction(CogServer.document(whole.data)) }
        return state.withLock { $0.over }
    }

    private func hear(_ event: EventStream.Event) {
        // Files within, of which the last event has all again.
        guard event.name != "output" else { return }
        let told = CogServer.document(event.data)
        switch event.name {
        case "log": news.hear(next: told["data"]?.stringValue ?? "")
        case "metric":
            if let name = told["name"]?.stringValue, let value = told["value"] { news.hear(metrics: [name: value]) }
        case "completed": state.withLock { $0.over = CogPrediction(told) }
        default: break
        }
    }
}
