/// Reads server-sent events (HTML Living Standard, 9.2.6) from bytes as they come.
///
/// What begins like a JSON object is no stream of events but the whole answer of a server that knows none; it is handed out
/// as an event without a name when all has come.
struct EventStream: Sendable {
    /// One event.
    struct Event: Sendable, Hashable {
        /// Its name; empty for what is no stream of events.
        var name: String
        /// Its data; lines are joined by a newline.
        var data: [UInt8]
    }

    /// There is more in one event than may be.
    struct TooLarge: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var event = Event(name: "message", data: [])
    private var hasData = false
    private var endedWithReturn = false
    private var isDocument: Bool?

    /// - Parameter limit: The most bytes that one event may have.
    init(limit: Int) { self.limit = limit }

    /// Takes bytes in.
    ///
    /// - Parameter bytes: The next bytes.
    /// - Returns: The events that are whole now.
    /// - Throws: ``TooLarge``.
    mutating func feed(_ bytes: some Collection<UInt8>) throws(TooLarge) -> [Event] {
        guard let first = bytes.first else { return [] }
        let isDocument = isDocument ?? (first == UInt8(ascii: "{"))
        self.isDocument = isDocument
        if isDocument {
            line += bytes
            if line.count > limit { throw TooLarge() }
            return []
        }
        var events: [Event] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            let isSecondHalf = endedWithReturn && end == rest.startIndex && rest[end] == 0x0A
            endedWithReturn = rest[end] == 0x0D
            line += rest[..<end]
            if line.count + event.data.count > limit { throw TooLarge() }
            rest = rest[rest.index(after: end)...]
            if isSecondHalf { continue }
            if let event = take() { events.append(event) }
        }
        if !rest.isEmpty { endedWithReturn = false }
        line += rest
        if line.count + event.data.count > limit { throw TooLarge() }
        return events
    }

    /// The answer of a server that knows no events, once all has come; nil where there were events.
    mutating func finish() -> Event? {
        isDocument == true ? Event(name: "", data: line) : nil
    }

    /// Takes the line in that is whole now; an empty one ends an event.
    private mutating func take() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer {
                event = Event(name: "message", data: [])
                hasData = false
            }
            return hasData ? event : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": event.name = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { event.data.append(0x0A) }
            event.data += value
            hasData = true
        default: break
        }
        return nil
    }
}
