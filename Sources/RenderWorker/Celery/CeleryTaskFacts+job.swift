import QueueProtocol
import StudioPostgres

extension CeleryTaskFacts {
    /// The name of the task that a job is to Celery's programs.
    static func name(of job: ClaimedJob) -> String { job.celery?.name ?? TaskName.render }

    /// The id of the task that a job is to Celery's programs.
    static func id(of job: ClaimedJob) -> String { job.celery?.id ?? job.id.description }

    /// What monitors show of a job.
    init(_ job: ClaimedJob) {
        if let task = job.celery {
            self.init(
                id: task.id, name: task.name, arguments: task.argumentsText, keywords: task.keywordsText,
                rootID: task.rootID, parentID: task.parentID)
            return
        }
        self.init(
            id: Self.id(of: job), name: Self.name(of: job), keywords: PythonRepr.text(.object(Self.keywords(of: job))))
    }

    /// What a job is about, as the named arguments of its task.
    static func keywords(of job: ClaimedJob) -> [String: JSONValue] {
        [
            "function": .string(job.function), "job_id": .string(job.id.description), "parameters": job.parameters,
            "project": .string(job.projectName), "shot": job.shot.map { .string($0) } ?? .null,
            "user": .string(job.userEmail),
        ]
    }
}
