import QueueProtocol
import StudioCore
import StudioPostgres

extension CeleryFailure {
    /// How many findings a message names.
    private static let mostFindings = 50

    /// A refusal: its code as the class, and all that is wrong as the message.
    init(_ error: StudioError) {
        var message = error.detail
        if error.findings.count > 1 {
            message = error.findings.prefix(Self.mostFindings)
                .map { $0.pointer.isEmpty ? $0.detail : "\($0.pointer): \($0.detail)" }
                .joined(separator: "; ")
        }
        self.init(code: error.code.rawValue, message)
    }

    /// Why a job failed.
    init(_ failure: JobFailure, of job: JobRecord, task: CeleryTask) {
        if failure.code == .runnerTimeout, task.timeLimit != nil {
            self = .timeLimit(job.timeoutSeconds)
        } else {
            self.init(code: failure.code.rawValue, failure.message)
        }
    }
}

/// What a task came to, for Celery's clients: plain JSON, which the next step of a chain gets as its first argument.
enum CeleryFacts {
    /// The facts of a job that succeeded.
    static func document(_ job: JobRecord, take: TakeRecord?) -> WireJSON {
        var facts: WireObject = [
            "job_id": .string(job.id.description), "state": .string(job.state.rawValue),
            "function": .string(job.function), "function_version": .string(job.functionVersion),
            "project": .string(job.projectName), "shot": job.shot.map { .string($0) } ?? .null,
            "version": .integer(job.version),
            "attempts": .integer(job.countedAttempts),
        ]
        guard let take else { return .object(facts) }
        let address = "/api/v1/takes/\(take.id)"
        facts["take"] = .integer(take.number)
        facts["take_id"] = .string(take.id.description)
        facts["path"] = .string(take.path)
        facts["media_type"] = .string(take.mediaType)
        facts["bytes"] = take.sizeBytes.map { .number(String($0)) } ?? .null
        facts["sha256"] = take.sha256.map { .string($0) } ?? .null
        facts["commit"] = take.commit.map { .string($0) } ?? .null
        facts["media"] = take.probe.map { WireJSON($0) } ?? .null
        facts["download"] = .string(address + "/media")
        if take.hasThumbnail { facts["thumbnail"] = .string(address + "/thumbnail") }
        return .object(facts)
    }
}
