public import FoundationEssentials

/// A UUIDv7 (RFC 9562, section 5.7) that knows what it names, so that a job's id is never taken for a take's.
///
/// Unique without asking anyone, sorted by the time it was made, and so kind to B-trees.
public struct Identifier<Subject>: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The id as a UUID.
    public let uuid: UUID

    /// Wraps a UUID that came from a store or a peer; versions other than 7 are taken as they are.
    ///
    /// - Parameter uuid: The UUID.
    public init(uuid: UUID) { self.uuid = uuid }

    /// Reads the 36-character text form, in either letter case.
    ///
    /// - Parameter text: The text.
    public init?(_ text: String) {
        guard let uuid = UUIDText.uuid(text) else { return nil }
        self.uuid = uuid
    }

    /// A new id.
    ///
    /// - Parameter date: The time it carries, to the millisecond; default now.
    public init(at date: Date = Date()) {
        let milliseconds = UInt64(max(0, date.timeIntervalSince1970 * 1000))
        var generator = SystemRandomNumberGenerator()
        let high = generator.next()
        let low = generator.next()
        func byte(_ value: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> shift) }
        uuid = UUID(
            uuid: (
                byte(milliseconds, 40), byte(milliseconds, 32), byte(milliseconds, 24), byte(milliseconds, 16),
                byte(milliseconds, 8), byte(milliseconds, 0), 0x70 | (byte(high, 0) & 0x0F), byte(high, 8),
                0x80 | (byte(low, 0) & 0x3F), byte(low, 8), byte(low, 16), byte(low, 24), byte(low, 32), byte(low, 40),
                byte(low, 48), byte(low, 56)
            ))
    }

    /// The id as 36 lower-case characters, the form on every wire.
    public var description: String { UUIDText.text(uuid) }

    /// Reads the text form.
    ///
    /// - Parameter decoder: The decoder positioned at the text.
    /// - Throws: `DecodingError` where it is no UUID.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID: \(text.prefix(64))")
        }
        self = value
    }

    /// Writes the text form.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Whether the left id was made earlier; ids of one millisecond are in random order.
    public static func < (left: Self, right: Self) -> Bool {
        withUnsafeBytes(of: left.uuid.uuid) { left in
            withUnsafeBytes(of: right.uuid.uuid) { right in left.lexicographicallyPrecedes(right) }
        }
    }
}

/// What a `JobID` names: one asked-for run of a function.
public enum JobSubject: Sendable {}
/// What a `TakeID` names: one finished, immutable, numbered result.
public enum TakeSubject: Sendable {}
/// What a `ProjectID` names: one production.
public enum ProjectSubject: Sendable {}
/// What a `UserID` names: one person or program that signs in.
public enum UserSubject: Sendable {}
/// What a `TenantID` names: one studio.
public enum TenantSubject: Sendable {}
/// What a `WorkerID` names: one run of one worker process.
public enum WorkerSubject: Sendable {}
/// What a `ScheduleID` names: one recurring job of a project.
public enum ScheduleSubject: Sendable {}

/// What a `RunID` names: one run of a canvas.
public enum RunSubject: Sendable {}

/// A job's id; also the Celery task id of its message.
public typealias JobID = Identifier<JobSubject>
/// A take's id.
public typealias TakeID = Identifier<TakeSubject>
/// A project's id, the `uuid` of its manifest.
public typealias ProjectID = Identifier<ProjectSubject>
/// A user's id.
public typealias UserID = Identifier<UserSubject>
/// A tenant's id.
public typealias TenantID = Identifier<TenantSubject>
/// A worker process's id, new at every start.
public typealias WorkerID = Identifier<WorkerSubject>
/// A schedule's id.
public typealias ScheduleID = Identifier<ScheduleSubject>
/// The id of a canvas' run.
public typealias RunID = Identifier<RunSubject>
