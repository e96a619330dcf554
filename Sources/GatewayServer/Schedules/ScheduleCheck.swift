import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// Holds what people say of a schedule against what there is, as a submission is held against it.
struct ScheduleCheck: Sendable {
    let submission: JobSubmission
    let zones: ZoneLibrary

    /// A schedule's expression and zone, read.
    struct Times: Sendable {
        let cron: CronExpression
        let zone: ZoneRules

        /// The first time after an instant.
        ///
        /// - Throws: `StudioError` with code `invalid` where there is none.
        func next(after instant: Date) throws(StudioError) -> Date {
            guard let next = cron.next(after: instant, in: zone) else {
                throw .invalid([Finding(pointer: "/cron", code: "never-fires", detail: "never comes: no such day")])
            }
            return next
        }
    }

    /// Checks what a body says; nothing is held or kept.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - definition: What the schedule does after it; nil where the body lacks what it needs.
    ///   - project: The project.
    ///   - caller: Who will pay.
    /// - Returns: What the schedule does, and when.
    /// - Throws: `StudioError` with code `invalid` and all that is wrong with the body at once.
    func check(
        _ body: ScheduleBody, _ definition: ScheduleDefinition?, project: ProjectRecord, caller: Caller
    ) async throws -> (ScheduleDefinition, Times) {
        var findings = body.findings
        let zone = try await zone(named: definition?.timeZone ?? body.timeZone ?? ZoneRules.utc.name, &findings)
        var cron: CronExpression?
        if let text = definition?.cron ?? body.cron {
            do throws(StudioError) {
                cron = try CronExpression(text)
            } catch {
                findings += error.findings
            }
        }
        let times = cron.flatMap { cron in zone.map { Times(cron: cron, zone: $0) } }
        if let times {
            do throws(StudioError) { _ = try times.next(after: Date()) } catch { findings += error.findings }
        }
        if let job = body.job { findings += try await self.findings(in: job, project: project, caller: caller) }
        guard findings.isEmpty, let definition, let times else { throw StudioError.invalid(findings) }
        return (definition, times)
    }

    /// The expression and zone of a schedule that was checked when it was made.
    ///
    /// - Throws: `StudioError` with code `invalid` where this machine does not know them.
    func times(of definition: ScheduleDefinition) async throws -> Times {
        var findings: [Finding] = []
        guard let zone = try await zone(named: definition.timeZone, &findings) else {
            throw StudioError.invalid(findings)
        }
        return Times(cron: try CronExpression(definition.cron), zone: zone)
    }

    private func zone(named name: String, _ findings: inout [Finding]) async throws -> ZoneRules? {
        if let zone = try await zones.zone(named: name) { return zone }
        findings.append(
            Finding(
                pointer: "/timeZone", code: "unknown-time-zone",
                detail: "is not a name of the IANA time zone database, such as Europe/Berlin"))
        return nil
    }

    private func findings(in job: JSONValue, project: ProjectRecord, caller: Caller) async throws -> [Finding] {
        var findings: [Finding] = []
        if let time = job["notBefore"], !time.isNull {
            findings.append(
                Finding(
                    pointer: "/notBefore", code: "not-recurring",
                    detail: "a schedule's job starts when it is due, not at one time"))
        }
        do {
            _ = try await submission.planned(
                try Submission(job), project: project, caller: caller, origin: SubmissionOrigin(ScheduleID()))
        } catch let error as StudioError where error.code == .invalid {
            findings += error.findings
        }
        return findings.map { $0.below("/job") }
    }
}

extension Finding {
    /// The same in a body that has the one it was found in as a member.
    func below(_ pointer: String) -> Finding {
        Finding(pointer: pointer + self.pointer, code: code, detail: detail)
    }
}
