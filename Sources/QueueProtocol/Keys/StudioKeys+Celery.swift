/// The names that Celery's result backend gives, and what we note beside them. Results have a prefix of
/// their own: Celery's broker and its result backend are set up apart.
extension StudioKeys {
    /// The queue of messages that gateways take: what Celery's clients ask of the studio, handed on by the workers.
    public static let celeryQueue = "studio:celery"

    /// The key and the channel of a task's result.
    ///
    /// - Parameter task: The task's id.
    /// - Returns: The name.
    public func celeryResult(_ task: String) -> String { "\(resultKeyPrefix)celery-task-meta-\(task)" }

    /// A key of a group or chord.
    ///
    /// - Parameters:
    ///   - group: The group's id.
    ///   - part: What of it: nothing for the saved group, `.s` for the size, `.j`, `.t`, `.d` and `.c`.
    /// - Returns: The key.
    public func celeryGroup(_ group: String, _ part: String = "") -> String {
        "\(resultKeyPrefix)celery-taskset-meta-\(group)\(part)"
    }

    /// The note of how far a task's result has been written by us.
    ///
    /// - Parameter task: The task's id.
    /// - Returns: The key.
    public func celeryNote(_ task: String) -> String { "\(keyPrefix)studio:celery:task:\(task)" }
}
