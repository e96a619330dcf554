import QueueProtocol
import StudioCore
import StudioPostgres

/// The body of `POST …/schedules` and `PATCH …/schedules/{schedule}`: what it says, and what is wrong with its shape.
struct ScheduleBody: Sendable {
    static let nameLimit = 100
    private static let known: Set<String> = ["name", "cron", "timeZone", "job", "overlap", "enabled"]

    private(set) var findings: [Finding] = []
    private(set) var name: String?
    private(set) var cron: String?
    private(set) var timeZone: String?
    private(set) var job: JSONValue?
    private(set) var overlap: ScheduleOverlap?
    private(set) var enabled: Bool?

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - creating: Whether a schedule is made: then `name`, `cron` and `job` are needed.
    init(_ body: JSONValue, creating: Bool) {
        guard let members = body.objectValue else {
            find("", "type", "the body must be a JSON object")
            return
        }
        func present(_ key: String) -> JSONValue? { members[key].flatMap { $0.isNull ? nil : $0 } }
        if creating {
            for key in ["name", "cron", "job"] where present(key) == nil { find("/" + key, "required", "is required") }
        }
        name = text(present("name"), "/name")
        if let name {
            if !(1...Self.nameLimit).contains(name.unicodeScalars.count) || name.allSatisfy(\.isWhitespace) {
                find("/name", "length", "has 1 to \(Self.nameLimit) characters")
            }
            if name.unicodeScalars.contains(where: { $0.value < 32 }) {
                find("/name", "format", "must not have control characters")
            }
        }
        cron = text(present("cron"), "/cron")
        timeZone = text(present("timeZone"), "/timeZone")
        if let value = present("job") {
            if value.objectValue == nil { find("/job", "type", "must be an object") } else { job = value }
        }
        if let word = text(present("overlap"), "/overlap") {
            overlap = ScheduleOverlap(rawValue: word)
            if overlap == nil { find("/overlap", "enum", "must be allow or skip") }
        }
        if let value = present("enabled") {
            enabled = value.boolValue
            if enabled == nil { find("/enabled", "type", "must be true or false") }
        }
        for key in members.keys.sorted() where !Self.known.contains(key) {
            find("/" + JSONPointer.escaped(key), "unknown-member", "is not a member of a schedule")
        }
    }

    /// What a schedule does that is made from this; nil where something it needs is missing.
    var definition: ScheduleDefinition? {
        guard let name, let cron, let job else { return nil }
        return ScheduleDefinition(
            name: name, cron: cron, timeZone: timeZone ?? ZoneRules.utc.name, job: job, overlap: overlap ?? .allow,
            isEnabled: enabled ?? true)
    }

    /// What a schedule does that is changed by this.
    func changed(_ old: ScheduleDefinition) -> ScheduleDefinition {
        ScheduleDefinition(
            name: name ?? old.name, cron: cron ?? old.cron, timeZone: timeZone ?? old.timeZone, job: job ?? old.job,
            overlap: overlap ?? old.overlap, isEnabled: enabled ?? old.isEnabled)
    }

    private mutating func text(_ value: JSONValue?, _ pointer: String) -> String? {
        guard let value else { return nil }
        guard let text = value.stringValue else {
            find(pointer, "type", "must be text")
            return nil
        }
        return text
    }

    private mutating func find(_ pointer: String, _ code: String, _ detail: String) {
        findings.append(Finding(pointer: pointer, code: code, detail: detail))
    }
}
