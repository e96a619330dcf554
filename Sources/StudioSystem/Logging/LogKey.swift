/// The names of what lines say about the work they belong to: the same in both programs, so that one search follows a
/// request from the gateway into the worker.
public enum LogKey {
    /// The id of the HTTP request that began it; the client's `X-Request-Id` where it sent one.
    public static let requestID = "request_id"
    /// The W3C trace id: 32 hexadecimal digits.
    public static let traceID = "trace_id"
    /// The signed-in user's id.
    public static let userID = "user_id"
    /// The job's id.
    public static let job = "job"
    /// Which attempt of the job, from 1.
    public static let attempt = "attempt"
    /// The worker's name, or its id where only that is known.
    public static let worker = "worker"
    /// The project's name.
    public static let project = "project"
    /// The function's name.
    public static let function = "function"
    /// The shot's name.
    public static let shot = "shot"
    /// What went wrong, for operators.
    public static let error = "error"
}
