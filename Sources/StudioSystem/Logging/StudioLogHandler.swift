public import FoundationEssentials
public import Glibc
public import Logging

/// Writes one line an event to standard error: readable for people, or one JSON object for machines.
///
/// A line goes out in one `write` of at most 16 KiB, so lines of several threads and processes do not mix; a longer one
/// is cut, and as JSON stays valid. Nothing logged can end its line. Metadata whose key names a secret is never written.
public struct StudioLogHandler: LogHandler {
    /// How lines are written.
    public enum Format: Sendable {
        /// `08:03:34.950 info  dispatch  job queued  job=…`
        case text
        /// One JSON object with `at`, `level`, `logger`, `message` and the metadata.
        case json
    }

    /// The least severe level written.
    public var logLevel: Logger.Level
    /// What every line of this logger carries.
    public var metadata: Logger.Metadata = [:]
    /// What is read anew for every line.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: Format
    private let descriptor: Int32
    private let now: @Sendable () -> Date

    /// A handler.
    ///
    /// - Parameters:
    ///   - label: The part of the program that logs.
    ///   - format: How lines are written.
    ///   - level: The least severe level written.
    ///   - descriptor: The file descriptor written to; default standard error.
    ///   - now: The clock; default the system's.
    public init(
        label: String, format: Format, level: Logger.Level, descriptor: Int32 = STDERR_FILENO,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.label = label
        self.format = format
        logLevel = level
        self.descriptor = descriptor
        self.now = now
    }

    /// One metadata value of this logger.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    ///
    /// - Parameter event: The event.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all[LogKey.error] = .string(String(describing: error)) }
        let line = LogLine(
            at: now(), level: event.level, label: label, message: event.message.description,
            fields: all.sorted { $0.key < $1.key }.map { ($0.key, Self.shown($0.key, $0.value)) })
        switch format {
        case .text: write(line.text)
        case .json: write(line.json)
        }
    }

    private static let secretWords = [
        "password", "secret", "token", "authorization", "cookie", "credential", "jwt", "private_key",
    ].map { Array($0.utf8) }

    /// Over bytes: this is asked for every field of every line.
    private static func namesSecret(_ key: String) -> Bool {
        let name = key.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return secretWords.contains { word in
            name.count >= word.count
                && (0...(name.count - word.count)).contains { name[$0..<($0 + word.count)].elementsEqual(word) }
        }
    }

    /// The value as text; what a key that names a secret stands for is left out, however deep it lies.
    private static func shown(_ key: String, _ value: Logger.Metadata.Value) -> String {
        guard !namesSecret(key) else { return "(redacted)" }
        switch value {
        case .string(let text): return text
        case .stringConvertible(let value): return value.description
        case .array(let items): return "[" + items.map { shown("", $0) }.joined(separator: ", ") + "]"
        case .dictionary(let members):
            let texts = members.sorted { $0.key < $1.key }.map { "\($0.key): \(shown($0.key, $0.value))" }
            return "[" + texts.joined(separator: ", ") + "]"
        }
    }

    private func write(_ line: String) {
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let written = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if written > 0 {
                    offset += written
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
