import QueueProtocol
import StudioCore

/// What a ComfyUI server's words mean for a job.
enum ComfyFailure {
    /// The longest message that is kept.
    private static let longest = 1000

    /// A server that went away with a prompt, or knows nothing of it.
    static func lost(_ text: String) -> JobFailure { elsewhere(JobFailure(.workerLost, text)) }

    /// A failure that says nothing of this worker.
    static func elsewhere(_ failure: JobFailure) -> JobFailure {
        var failure = failure
        failure.isElsewhere = true
        return failure
    }

    /// Why a prompt was refused, or a part of it.
    ///
    /// - Parameters:
    ///   - answer: The body of the 400; null after a 200 that had node errors.
    ///   - faults: The node errors.
    ///   - workflow: For the nodes' titles.
    /// - Returns: The failure.
    static func refused(
        _ answer: JSONValue, faults: [String: JSONValue], _ workflow: FunctionManifest.ComfyWorkflow
    ) -> JobFailure {
        let kind = answer["error"]?["type"]?.stringValue ?? ""
        var parts: [String] = []
        for (node, fault) in faults.sorted(by: { $0.key < $1.key }) {
            for error in fault["errors"]?.arrayValue ?? [] {
                let message = error["message"]?.stringValue ?? error["type"]?.stringValue ?? "wrong"
                let details = error["details"]?.stringValue ?? ""
                parts.append("\(workflow.title(of: node)): \(message)\(details.isEmpty ? "" : ", \(details)")")
            }
        }
        parts.sort()
        if parts.isEmpty {
            parts = [answer["error"]?["message"], answer["error"]?["details"]]
                .compactMap { $0?.stringValue }.filter { !$0.isEmpty }
        }
        if parts.isEmpty, let text = answer.stringValue { parts = [text] }
        let text = shown("ComfyUI does not take the workflow: " + parts.joined(separator: "; "))
        // The server had the node types when it was chosen: it was started anew without one.
        if kind == "missing_node_type" || (kind == "invalid_prompt" && faults.isEmpty) {
            return elsewhere(JobFailure(.runnerUnknown, text))
        }
        return JobFailure(.parametersInvalid, text)
    }

    /// How a prompt failed that ended without success.
    ///
    /// - Parameters:
    ///   - record: What the server's history says of it.
    ///   - workflow: For the nodes' titles.
    ///   - log: Takes the traceback, without the server's folders.
    /// - Returns: The failure.
    static func failure(
        of record: JSONValue, _ workflow: FunctionManifest.ComfyWorkflow, log: (String) -> Void
    ) -> JobFailure {
        let messages = record["status"]?["messages"]?.arrayValue ?? []
        func told(_ kind: String) -> JSONValue? {
            messages.last { $0.arrayValue?.first?.stringValue == kind }?.arrayValue?.last
        }
        guard let error = told("execution_error") else {
            let what = told("execution_interrupted") == nil ? "ended without success" : "was interrupted by somebody"
            return elsewhere(JobFailure(.runnerFailed, "The prompt \(what) at the ComfyUI server."))
        }
        for part in error["traceback"]?.arrayValue ?? [] {
            for line in (part.stringValue ?? "").split(whereSeparator: \.isNewline) { log(redacted(String(line))) }
        }
        let type = error["exception_type"]?.stringValue ?? "an error"
        let message = (error["exception_message"]?.stringValue ?? "").trimmed
        let node = error["node_id"]?.stringValue.map { workflow.title(of: $0) } ?? "a node"
        let text = shown("\(node): \(type)\(message.isEmpty ? "" : ": \(message)")")
        let name = type.split(separator: ".").last.map(String.init) ?? type
        if name == "UnidentifiedImageError" { return JobFailure(.inputInvalid, text) }
        let words = message.lowercased()
        let isMemory =
            name.contains("OutOfMemory") || name == "MemoryError" || words.contains("out of memory")
            || words.contains("can't allocate memory") || words.contains("ran out of memory")
        if isMemory { return elsewhere(JobFailure(.outOfMemory, text)) }
        return elsewhere(JobFailure(.runnerFailed, text, retryable: !permanent.contains(name)))
    }

    /// Errors of the workflow and of its values, which come again with the same.
    private static let permanent: Set<String> = [
        "ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "AssertionError",
        "NotImplementedError", "ZeroDivisionError", "NameError",
    ]

    /// Text as people may see it: short, and without the server's folders.
    static func shown(_ text: String) -> String {
        let line = redacted(text.split(whereSeparator: \.isNewline).joined(separator: " ").trimmed)
        return line.count > longest ? line.prefix(longest) + "…" : line
    }

    /// Absolute paths lose all but their last name.
    static func redacted(_ text: String) -> String {
        text.replacing(#/(?:[A-Za-z]:)?(?:[\/\\][^\/\\\s'":,;()<>|]+){2,}[\/\\]?/#) { match in
            let parts = match.output.split { $0 == "/" || $0 == "\\" }
            return "…/" + (parts.last ?? "")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
