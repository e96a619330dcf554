import FoundationEssentials
import QueueProtocol

/// The engine's way with JSON.
enum EngineJSON {
    /// What the bytes say; nil where they are no JSON.
    static func value(_ bytes: some Sequence<UInt8>) -> JSONValue? {
        try? JSONText.decode(JSONValue.self, from: Data(bytes))
    }

    /// A value as the engine reads it.
    static func bytes(_ value: JSONValue) -> Data {
        // SAFETY: only numbers that are none (NaN, infinities) cannot be said, and no request has one.
        (try? JSONText.compact(value)) ?? Data("{}".utf8)
    }
}
