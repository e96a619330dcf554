/// What the result store holds of a task: its state, and what goes with it.
public struct PythonTaskState: Sendable, Hashable {
    /// The state as Celery spells it: `STARTED`, `RETRY`, `SUCCESS`, `FAILURE`, `REVOKED`, or a word of the task's own such
    /// as `PROGRESS`.
    public let name: String
    /// What the task returned, reported or raised.
    public let result: JSONValue
    /// Where it raised; nil where it did not.
    public let traceback: String?

    /// An exception that a task raised.
    public struct Raised: Sendable, Hashable {
        /// The class, such as `ValueError`.
        public let type: String
        /// The module that the class is from; nil where it is not told.
        public let module: String?
        /// What it was made with, one after the other.
        public let message: String
    }

    /// Reads a result's text; nil where it is none.
    ///
    /// - Parameter bytes: The text.
    public init?(decoding bytes: [UInt8]) {
        guard case .object(let members)? = try? WireJSON(decoding: bytes).value,
            let name = members["status"]?.stringValue
        else { return nil }
        self.name = name
        result = members["result"] ?? .null
        traceback = members["traceback"]?.stringValue
    }

    /// Whether the task is over and stays as it is.
    public var isFinal: Bool { ["SUCCESS", "FAILURE", "REVOKED"].contains(name) }

    /// The exception of a task that failed, is tried again or was revoked.
    public var raised: Raised {
        let parts = result["exc_message"] ?? .null
        let words = (parts.arrayValue ?? [parts]).map { part in
            part.stringValue ?? (part.isNull ? "" : (try? JSONText.string(part)) ?? "")
        }
        return Raised(
            type: result["exc_type"]?.stringValue ?? "Exception", module: result["exc_module"]?.stringValue,
            message: words.filter { !$0.isEmpty }.joined(separator: ", "))
    }
}
