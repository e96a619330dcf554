import QueueProtocol
import StudioRedis

/// Reserved messages by what becomes of them.
struct MessageSorting {
    /// Messages of the gateway that ask for a job of PostgreSQL.
    private(set) var render: [ReservedTask] = []
    /// The jobs they name, each once.
    private(set) var jobs: [JobID] = []
    /// What Celery's clients ask of the studio, which a gateway admits.
    private(set) var asked: [ReservedTask] = []
    /// Tasks that nobody here knows.
    private(set) var unknown: [(message: ReservedTask, task: CeleryTask)] = []
    /// Messages whose body cannot be read.
    private(set) var unreadable: [ReservedTask] = []

    init(_ tasks: [ReservedTask]) {
        var known: Set<JobID> = []
        for task in tasks {
            let message = task.message
            if message.isOwnRender, let job = JobID(message.id) {
                render.append(task)
                if known.insert(job).inserted { jobs.append(job) }
                continue
            }
            guard let call = try? message.call(), CeleryTask.mayBeID(message.id) else {
                unreadable.append(task)
                continue
            }
            switch message.task {
            case TaskName.submit, TaskName.render: asked.append(task)
            default: unknown.append((task, CeleryTask(message, call: call)))
            }
        }
    }
}
