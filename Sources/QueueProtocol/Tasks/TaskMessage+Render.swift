import FoundationEssentials

/// The names of the tasks that our workers know by themselves.
public enum TaskName {
    /// Run a job that is in PostgreSQL; kwargs `{"job_id": …}`. The gateway's own message.
    public static let render = "studio.render"
    /// Admit a job and run it; the body of the HTTP submission. Comes from Python.
    public static let submit = "studio.submit"
}

extension TaskMessage {
    /// The message that puts a job on the runway. Its task id is the job's id; its delivery tag is new at every call.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - queue: The queue; default ``StudioKeys/defaultQueue``.
    ///   - priority: How urgent the job is.
    ///   - traceparent: The W3C trace context that the job was asked for in; default none.
    ///   - origin: Who sends, in Celery's form `gen<pid>@<host>`; default `studio`.
    /// - Returns: The message.
    public static func render(
        job: JobID, queue: String = StudioKeys.defaultQueue, priority: TaskPriority, traceparent: String? = nil,
        origin: String = "studio"
    ) -> TaskMessage {
        let id = job.description
        let nothing: WireObject = ["callbacks": .null, "errbacks": .null, "chain": .null, "chord": .null]
        let body = WireJSON.array([.array([]), .object(["job_id": .string(id)]), .object(nothing)]).encoded()
        var headers: WireObject = [
            "lang": .string("swift"), "task": .string(TaskName.render), "id": .string(id), "shadow": .null,
            "eta": .null, "expires": .null, "group": .null, "group_index": .null, "retries": .integer(0),
            "timelimit": .array([.null, .null]), "root_id": .string(id), "parent_id": .null,
            "argsrepr": .string("()"), "kwargsrepr": .string("{'job_id': '\(id)'}"), "origin": .string(origin),
            "ignore_result": .null, "replaced_task_nesting": .integer(0), "stamped_headers": .null,
            "stamps": .object([:]),
        ]
        if let traceparent { headers["traceparent"] = .string(traceparent) }
        let tag = UUID().uuidString.lowercased()
        let properties: WireObject = [
            "correlation_id": .string(id), "reply_to": .string(""), "delivery_mode": .integer(2),
            "delivery_info": .object(["exchange": .string(""), "routing_key": .string(queue)]),
            "priority": .integer(priority.wire), "body_encoding": .string("base64"), "delivery_tag": .string(tag),
        ]
        let text = Data(body).base64EncodedString()
        return TaskMessage(
            envelope: [
                "body": .string(text), "content-encoding": .string("utf-8"),
                "content-type": .string("application/json"), "headers": .object(headers),
                "properties": .object(properties),
            ], task: TaskName.render, id: id, deliveryTag: tag, routingKey: queue, priority: priority, bodyText: text)
    }

    /// Whether this is the gateway's own message for a job: a Celery client that asks for a job's result has a task id of its
    /// own, and is told by the language otherwise.
    public var isOwnRender: Bool {
        guard task == TaskName.render, headers["lang"] == .string("swift"), let job = try? renderJob() else {
            return false
        }
        return job.description == id
    }

    /// The job that a `studio.render` message names.
    ///
    /// - Returns: The job's id.
    /// - Throws: `TaskMessageError`: what ``call()`` throws, or `badBody` where `job_id` is missing or no id.
    public func renderJob() throws(TaskMessageError) -> JobID {
        guard let text = try call().argument("job_id", at: 0)?.stringValue, let job = JobID(text) else {
            throw TaskMessageError(.badBody, "the body has no job_id that is an id")
        }
        return job
    }
}
