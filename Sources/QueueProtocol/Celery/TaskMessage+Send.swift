import FoundationEssentials

extension TaskMessage {
    /// The message of any task, made from the options of its signature as a Python client makes it. Its delivery tag is new
    /// at every call.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - id: The task's id.
    ///   - arguments: Its arguments.
    ///   - keywords: Its named arguments.
    ///   - options: Celery's execution options: `queue`, `priority`, `countdown`, `eta`, `expires`, `group_id`,
    ///     `group_index`, `chord`, `chain`, `link`, `link_error`, `root_id`, `parent_id`, time limits, headers, stamps.
    ///   - sender: Who sends, and where to if the options do not say.
    public init(
        task: String, id: String, arguments: [WireJSON], keywords: WireObject, options: WireObject,
        sender: CelerySender
    ) {
        let queue =
            options["queue"]?.stringValue ?? options["routing_key"]?.stringValue
            ?? (task == TaskName.submit || task == TaskName.render ? StudioKeys.defaultQueue : sender.defaultQueue)
        let priority = TaskPriority(wire: options["priority"]?.intValue ?? 0)
        let tag = UUIDText.text(UUID())
        let embed: WireObject = [
            "callbacks": options.list("link"), "errbacks": options.list("link_error"), "chain": options.list("chain"),
            "chord": options["chord"] ?? .null,
        ]
        let body = WireJSON.array([.array(arguments), .object(keywords), .object(embed)]).encoded()
        let properties: WireObject = [
            "correlation_id": .string(id), "reply_to": options["reply_to"] ?? .string(""),
            "delivery_mode": .integer(2),
            "delivery_info": .object(["exchange": .string(""), "routing_key": .string(queue)]),
            "priority": .integer(priority.wire), "body_encoding": .string("base64"), "delivery_tag": .string(tag),
        ]
        let text = Data(body).base64EncodedString()
        let headers = Self.headers(
            task: task, id: id, arguments: arguments, keywords: keywords, options: options, sender: sender)
        self.init(
            envelope: [
                "body": .string(text), "content-encoding": .string("utf-8"),
                "content-type": .string("application/json"), "headers": .object(headers),
                "properties": .object(properties),
            ], task: task, id: id, deliveryTag: tag, routingKey: queue, priority: priority, bodyText: text)
    }

    private static func headers(
        task: String, id: String, arguments: [WireJSON], keywords: WireObject, options: WireObject,
        sender: CelerySender
    ) -> WireObject {
        let stamped = options["stamped_headers"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let stamps = WireObject(stamped.compactMap { name in options[name].map { WireObject.Member(name, $0) } })
        var headers: WireObject = [
            "lang": .string("py"), "task": .string(task), "id": .string(id), "shadow": options["shadow"] ?? .null,
            "eta": options.time("countdown", or: "eta", from: sender.now),
            "expires": options.time("expires", or: "expires", from: sender.now),
            "group": options["group_id"] ?? .null, "group_index": options["group_index"] ?? .null,
            "retries": options["retries"] ?? .integer(0),
            "timelimit": .array([options["time_limit"] ?? .null, options["soft_time_limit"] ?? .null]),
            "root_id": options["root_id"].flatMap { $0 == .null ? nil : $0 } ?? .string(id),
            "parent_id": options["parent_id"] ?? .null,
            "argsrepr": .string(PythonRepr.text(.array(arguments.map(\.value)))),
            "kwargsrepr": .string(PythonRepr.text(WireJSON.object(keywords).value)),
            "origin": .string(sender.origin), "ignore_result": options["ignore_result"] ?? .null,
            "replaced_task_nesting": options["replaced_task_nesting"] ?? .integer(0),
            "stamped_headers": options["stamped_headers"] ?? .null, "stamps": .object(stamps),
        ]
        for member in options["headers"]?.objectValue?.members ?? [] where headers[member.name] == nil {
            headers[member.name] = member.value
        }
        return headers
    }
}

extension WireObject {
    /// A list, one value as a list of one, or null.
    fileprivate func list(_ name: String) -> WireJSON {
        switch self[name] {
        case .array(let items)?: .array(items)
        case .object(let object)?: .array([.object(object)])
        default: .null
        }
    }

    /// A time that is given as a text, or as seconds from now.
    fileprivate func time(_ seconds: String, or time: String, from now: Date) -> WireJSON {
        if case .number(let text)? = self[seconds], let value = Double(text), value.isFinite {
            return .string(CeleryResult.text(now.addingTimeInterval(value)))
        }
        guard case .string(let text)? = self[time] else { return .null }
        return .string(text)
    }
}
