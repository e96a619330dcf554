public import FoundationEssentials
public import QueueProtocol

/// A value bound to `$1`, `$2`, … of a statement: it travels beside the SQL, never inside it.
///
/// All travel as text, with the type the statement gives the place; write a cast (`$1::uuid[]`) where it gives none.
public struct PostgresParameter: Sendable, Hashable {
    /// The value in PostgreSQL's text form; nil is NULL.
    let text: String?

    /// NULL.
    public static let null = PostgresParameter(text: nil)

    /// Text; nil is NULL.
    public static func text(_ value: String?) -> Self { Self(text: value) }

    /// A whole number; nil is NULL.
    public static func int(_ value: Int?) -> Self { Self(text: value.map { String($0) }) }

    /// A whole number of 64 bits; nil is NULL.
    public static func int64(_ value: Int64?) -> Self { Self(text: value.map { String($0) }) }

    /// An unsigned number of 64 bits, as `xid8` takes it.
    public static func uint64(_ value: UInt64) -> Self { Self(text: String(value)) }

    /// A floating-point number; nil is NULL.
    public static func double(_ value: Double?) -> Self { Self(text: value.map { "\($0)" }) }

    /// A truth value; nil is NULL.
    public static func bool(_ value: Bool?) -> Self { Self(text: value.map { $0 ? "t" : "f" }) }

    /// A UUID; nil is NULL.
    public static func uuid(_ value: UUID?) -> Self { Self(text: value.map(UUIDText.text)) }

    /// An id; nil is NULL.
    public static func id<Subject>(_ value: Identifier<Subject>?) -> Self { .uuid(value?.uuid) }

    /// A time, to the millisecond; nil is NULL.
    public static func date(_ value: Date?) -> Self { Self(text: value.map(Timestamp.text)) }

    /// A length of time in whole milliseconds, for `$1 * interval '1 millisecond'`.
    public static func milliseconds(_ value: Duration) -> Self { .int64(value.wholeMilliseconds) }

    /// Anything that can be JSON; nil is NULL.
    ///
    /// - Parameter value: What to send.
    /// - Returns: The parameter.
    /// - Throws: `PostgresError` with code `invalidValue` for what JSON cannot say (NaN, infinities).
    public static func json(_ value: (some Encodable)?) throws(PostgresError) -> Self {
        guard let value else { return .null }
        do {
            return Self(text: try JSONText.string(value))
        } catch {
            throw PostgresError(.invalidValue, operatorDetail: "a value cannot be written as JSON")
        }
    }

    /// A list of texts.
    public static func texts(_ values: some Sequence<String>) -> Self { optionalTexts(values.lazy.map { $0 }) }

    /// A list of texts of which some are NULL.
    public static func optionalTexts(_ values: some Sequence<String?>) -> Self {
        var bytes = [UInt8(ascii: "{")]
        for value in values {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            guard var value else {
                bytes.append(contentsOf: "NULL".utf8)
                continue
            }
            bytes.append(UInt8(ascii: "\""))
            value.withUTF8 { text in
                for byte in text {
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                    bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "}"))
        return Self(text: String(decoding: bytes, as: UTF8.self))
    }

    /// A list of UUIDs.
    public static func uuids(_ values: some Sequence<UUID>) -> Self {
        Self(text: "{" + values.map(UUIDText.text).joined(separator: ",") + "}")
    }

    /// A list of ids.
    public static func ids<Subject>(_ values: some Sequence<Identifier<Subject>>) -> Self {
        .uuids(values.map(\.uuid))
    }

    /// A list of truth values.
    public static func bools(_ values: some Sequence<Bool>) -> Self {
        Self(text: "{" + values.map { $0 ? "t" : "f" }.joined(separator: ",") + "}")
    }

    /// A list of whole numbers.
    public static func ints(_ values: some Sequence<Int>) -> Self {
        Self(text: "{" + values.map { String($0) }.joined(separator: ",") + "}")
    }
}

extension Duration {
    /// Whole milliseconds, rounded down, at least 0, and at most what 64 bits hold.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < Int64.max / 1000 else { return Int64.max }
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
