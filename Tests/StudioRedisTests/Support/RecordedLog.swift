import Logging

/// A log whose lines a test can wait for.
struct RecordedLog: Sendable {
    let lines: AsyncStream<String>
    let logger: Logger

    init() {
        let (lines, continuation) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(100))
        self.lines = lines
        logger = Logger(label: "test") { _ in Handler(continuation: continuation) }
    }

    private struct Handler: LogHandler {
        let continuation: AsyncStream<String>.Continuation
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { continuation.yield("\(event.message)") }
    }
}
