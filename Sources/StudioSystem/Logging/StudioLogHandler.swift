public import FoundationEssentials
public import Glibc
public import Logging
import QueueProtocol
import StudioCore
import Synchronization

/// Writes one line an event to standard error: readable for people, or one JSON object for machines.
///
/// A line goes out in one `write` of at most 16 KiB, so lines of several threads and processes do not mix. Metadata whose
/// key names a secret is never written.
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
        if let error = event.error { all["error"] = .string(String(describing: error)) }
        let fields = all.sorted { $0.key < $1.key }.map { ($0.key, Self.shown($0.key, $0.value)) }
        let message = event.message.description
        let line =
            switch format {
            case .text: textLine(event.level, message, fields)
            case .json: jsonLine(event.level, message, fields)
            }
        write(line)
    }

    private static let secretWords = ["password", "secret", "token", "authorization", "cookie"]

    private static func shown(_ key: String, _ value: Logger.Metadata.Value) -> String {
        let name = key.lowercased()
        return secretWords.contains { name.contains($0) } ? "(redacted)" : value.description
    }

    private func textLine(_ level: Logger.Level, _ message: String, _ fields: [(String, String)]) -> String {
        let time = Timestamp.text(now()).dropFirst(11).dropLast()
        let name = level.rawValue + String(repeating: " ", count: max(0, 8 - level.rawValue.count))
        var line = "\(time) \(name) \(label): \(Self.oneLine(message))"
        for (key, value) in fields {
            let plain = value.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\"") }
            line += plain && !value.isEmpty ? " \(key)=\(value)" : " \(key)=\"\(Self.oneLine(value))\""
        }
        return line
    }

    private func jsonLine(_ level: Logger.Level, _ message: String, _ fields: [(String, String)]) -> String {
        var members: [String: JSONValue] = [:]
        for (key, value) in fields { members[key] = .string(value) }
        members["at"] = .string(Timestamp.text(now()))
        members["level"] = .string(level.rawValue)
        members["logger"] = .string(label)
        members["message"] = .string(message)
        return (try? JSONText.string(JSONValue.object(members), sortedKeys: true)) ?? "{}"
    }

    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 32 }) else { return text }
        return String(text.map { $0.isNewline ? "⏎" : ($0.unicodeScalars.allSatisfy { $0.value < 32 } ? " " : $0) })
    }

    private func write(_ line: String) {
        var bytes = Array(line.utf8.prefix(16 * 1024 - 1))
        bytes.append(UInt8(ascii: "\n"))
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
