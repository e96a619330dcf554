import QueueProtocol

extension ManifestReader {
    /// The `runner` of a function that a Python worker of Celery carries out.
    mutating func celery() -> FunctionManifest.Runner {
        let runner = members["runner"]?.objectValue ?? [:]
        for key in runner.keys.sorted()
        where !["kind", "task", "queue", "priority", "doNotRetry", "lostAfterSeconds"].contains(key) {
            find(
                "/runner/" + JSONPointer.escaped(key), "is not a member of a runner of the kind celery",
                code: "unknown-member")
        }
        var told = FunctionManifest.CeleryTask(task: taskName(runner["task"]) ?? "")
        told.queue = pythonQueue(runner["queue"]) ?? told.queue
        told.priority = count(["runner", "priority"], default: told.priority, in: 0...9)
        told.permanentErrors = exceptions(runner["doNotRetry"])
        let silence = count(
            ["runner", "lostAfterSeconds"], default: Int(told.lostAfter.components.seconds), in: 5...86_400)
        told.lostAfter = .seconds(silence)
        return .celery(told)
    }

    private mutating func taskName(_ value: JSONValue?) -> String? {
        guard let value else {
            find("/runner/task", "is required: the task's name as the Python worker registers it", code: "required")
            return nil
        }
        guard let text = value.stringValue, text.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}/#) != nil else {
            find("/runner/task", "a task's name is like module.function: letters, digits, _, ., : and -")
            return nil
        }
        return text
    }

    /// A queue of Python workers, which serve no other: one of theirs that takes what is ours answers that it does not
    /// know the task, and so does one of ours.
    private mutating func pythonQueue(_ value: JSONValue?) -> String? {
        guard let value else { return nil }
        guard let text = value.stringValue, text.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._:-]{0,62}/#) != nil else {
            find("/runner/queue", "a queue's name has letters, digits, ., _, : and -")
            return nil
        }
        if text == StudioKeys.defaultQueue || text == members["resources"]?["queue"]?.stringValue {
            find("/runner/queue", "must be a queue of the Python workers, not one that render workers serve")
            return nil
        }
        return text
    }

    private mutating func exceptions(_ value: JSONValue?) -> Set<String> {
        guard let value else { return [] }
        guard let list = value.arrayValue else {
            find("/runner/doNotRetry", "must be a list of exceptions' names, such as ValueError")
            return []
        }
        var names: Set<String> = []
        for (index, item) in list.enumerated() {
            if let name = item.stringValue, name.wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_.]{0,254}/#) != nil {
                names.insert(name)
            } else {
                find("/runner/doNotRetry/\(index)", "must be an exception's name, such as ValueError")
            }
        }
        return names
    }
}
