import Logging
import Synchronization

/// A logger that keeps every line, with its metadata, as text.
final class LogCapture: Sendable {
    private let kept = Mutex<[String]>([])

    /// Every line so far.
    var lines: [String] { kept.withLock { $0 } }

    /// A logger that writes here, everything from `trace` on.
    var logger: Logger {
        Logger(label: "test") { _ in Handler(capture: self) }
    }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let fields = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            let line = "\(event.level) \(event.message) \(fields)"
            capture.kept.withLock { $0.append(line) }
        }
    }
}
