public import FoundationEssentials
public import QueueProtocol

/// What a schedule does when it is due and the job it made last is not finished.
public enum ScheduleOverlap: String, Sendable, Hashable, Codable, CaseIterable {
    /// It fires all the same.
    case allow
    /// It leaves this time out.
    case skip
}

/// What became of a time at which a schedule was due.
public enum FiringOutcome: String, Sendable, Hashable, Codable, CaseIterable {
    /// There is a job.
    case submitted
    /// The job made last was not finished, and the schedule does not overlap.
    case skipped
    /// The submission was refused; the schedule goes on.
    case refused
}

extension Identifier where Subject == JobSubject {
    /// The id of the job that a schedule makes when it is due: always the same for the same time, and a job's id is admitted
    /// once. However many gateways fire, and wherever one dies, there is one job.
    ///
    /// A UUIDv7 of that time whose random half is the schedule's own.
    ///
    /// - Parameters:
    ///   - schedule: The schedule.
    ///   - due: When it was due.
    public init(firing schedule: ScheduleID, due: Date) {
        let time = Identifier(at: due).uuid.uuid
        let own = schedule.uuid.uuid
        self.init(
            uuid: UUID(
                uuid: (
                    time.0, time.1, time.2, time.3, time.4, time.5, 0x70 | (own.6 & 0x0F), own.7,
                    0x80 | (own.8 & 0x3F), own.9, own.10, own.11, own.12, own.13, own.14, own.15
                )))
    }
}
