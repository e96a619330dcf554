extension CeleryTask {
    /// Reads a task that was stored.
    ///
    /// - Parameter text: What ``stored()`` wrote.
    /// - Throws: `TaskMessageError` where it is none.
    public init(stored text: String) throws(TaskMessageError) {
        guard case .object(let document) = try WireJSON(decoding: Array(text.utf8)),
            let id = document["id"]?.stringValue, let name = document["name"]?.stringValue,
            let headers = document["headers"]?.objectValue
        else { throw TaskMessageError(.badBody, "a stored task is no task") }
        self.init(
            id: id, name: name, headers: headers, queue: document["queue"]?.stringValue ?? StudioKeys.defaultQueue,
            priority: TaskPriority(wire: document["priority"]?.intValue ?? 0),
            embed: document["embed"]?.objectValue ?? WireObject())
    }

    /// The task as a text of ASCII, to be stored and read again by ``init(stored:)``.
    ///
    /// - Returns: JSON.
    public func stored() -> String {
        func text(_ value: String?) -> WireJSON { value.map { .string($0) } ?? .null }
        let headers: WireObject = [
            "root_id": .string(rootID), "parent_id": text(parentID), "group": text(group),
            "group_index": groupIndex ?? .null, "ignore_result": .bool(ignoresResult), "retries": .integer(retries),
            "eta": text(eta), "expires": text(expires),
            "timelimit": .array([timeLimit.map { .number("\($0)") } ?? .null, .null]),
            "traceparent": text(traceparent), "argsrepr": .string(argumentsText), "kwargsrepr": .string(keywordsText),
        ]
        let embed: WireObject = [
            "callbacks": .array(callbacks), "errbacks": .array(errbacks), "chain": .array(chain),
            "chord": chord ?? .null,
        ]
        let document: WireObject = [
            "id": .string(id), "name": .string(name), "queue": .string(queue), "priority": .integer(priority.wire),
            "headers": .object(headers), "embed": .object(embed),
        ]
        return String(decoding: WireJSON.object(document).encoded(), as: UTF8.self)
    }
}
