import FoundationEssentials
import QueueProtocol
import StudioCore

/// What a `studio.submit` asks for, read from its arguments.
///
/// The submission of the HTTP contract comes as named arguments, together with `project` (name or id), `user` (e-mail address
/// or id, who pays) and, where wanted, `tenant` (name). Positional arguments are what a chain puts before them: an object's
/// members count as named arguments that the real ones win over, null as nothing, and the result of one of our own jobs,
/// known by its `job_id`, or a list of such, as what inputs name by `previous`.
struct CelerySubmission: Sendable {
    /// The project, by name or id.
    let project: String
    /// The user who pays, by e-mail address or id.
    let user: String
    /// The tenant's name, where the sender gave it.
    let tenant: String?
    /// What is submitted.
    let submission: Submission
    /// The same as it would have come over HTTP.
    let body: JSONValue

    /// Reads the arguments.
    ///
    /// - Parameters:
    ///   - call: The message's body.
    ///   - task: The task, for its priority and its time.
    /// - Throws: `StudioError` with code `invalid` and all that is wrong at once.
    init(_ call: TaskCall, of task: CeleryTask) throws(StudioError) {
        var findings: [Finding] = []
        var members: [String: JSONValue] = [:]
        var previous: [JobID] = []
        for (index, argument) in call.arguments.enumerated() {
            switch argument {
            case .null: continue
            case .object where Self.job(madeBy: argument) == nil:
                members.merge(argument.objectValue ?? [:]) { $1 }
            default:
                guard let jobs = Self.jobs(in: argument) else {
                    findings.append(
                        Finding(
                            pointer: "/args/\(index)", code: "type",
                            detail: "must be an object of a submission's members, or the result of a job of the studio")
                    )
                    continue
                }
                previous += jobs
            }
        }
        members.merge(call.keywords) { $1 }
        func text(_ name: String, isRequired: Bool) -> String? {
            switch members.removeValue(forKey: name) {
            case .string(let text)? where !text.isEmpty && !text.utf8.contains(0): return text
            case nil, .null:
                if isRequired { findings.append(Finding(pointer: "/" + name, code: "required", detail: "is required")) }
            default:
                findings.append(Finding(pointer: "/" + name, code: "type", detail: "must be text that is not empty"))
            }
            return nil
        }
        project = text("project", isRequired: true) ?? ""
        user = text("user", isRequired: true) ?? ""
        tenant = text("tenant", isRequired: false)
        if members["priority"]?.isNull ?? true { members["priority"] = .integer(Int64(task.priority.urgency)) }
        do throws(StudioError) { members["inputs"] = try Self.named(members["inputs"], previous) } catch {
            findings += error.findings
        }
        do throws(StudioError) {
            var submission = try Submission(.object(members))
            if let eta = task.eta {
                let time = try CeleryTime.read(eta, pointer: "/eta")
                submission.notBefore = max(time, submission.notBefore ?? time)
            }
            guard findings.isEmpty else { throw StudioError.invalid(findings) }
            self.submission = submission
        } catch {
            throw .invalid(findings + (findings == error.findings ? [] : error.findings))
        }
        body = .object(members)
    }

    /// The job that a result of ours tells of.
    private static func job(madeBy result: JSONValue) -> JobID? {
        result.objectValue?["job_id"]?.stringValue.flatMap { JobID($0) }
    }

    /// The jobs of one result or of a list of them; nil where it is anything else.
    private static func jobs(in argument: JSONValue) -> [JobID]? {
        if let job = job(madeBy: argument) { return [job] }
        guard let items = argument.arrayValue else { return nil }
        var jobs: [JobID] = []
        for item in items where !item.isNull {
            guard let own = self.jobs(in: item) else { return nil }
            jobs += own
        }
        return jobs
    }

    /// Inputs with the previous jobs in the place of the word.
    private static func named(_ inputs: JSONValue?, _ previous: [JobID]) throws(StudioError) -> JSONValue? {
        guard case .object(var ports)? = inputs else { return inputs }
        let word = JSONValue.string("previous")
        let jobs = previous.map { JSONValue.string("job:\($0)") }
        for (name, value) in ports where value == word || (value.arrayValue?.contains(word) ?? false) {
            guard !jobs.isEmpty else {
                throw .invalid([
                    Finding(
                        pointer: "/inputs/" + JSONPointer.escaped(name), code: "input-missing",
                        detail: "there is no job of the studio before this task")
                ])
            }
            let items = (value.arrayValue ?? [value]).flatMap { $0 == word ? jobs : [$0] }
            ports[name] = items.count == 1 && value.arrayValue == nil ? items[0] : .array(items)
        }
        return .object(ports)
    }
}

/// Times as Celery's clients write them.
enum CeleryTime {
    /// Reads an ISO 8601 time; one without a zone is UTC.
    ///
    /// - Throws: `StudioError` with code `invalid`.
    static func read(_ text: String, pointer: String) throws(StudioError) -> Date {
        guard let time = Timestamp.parse(text) ?? Timestamp.parse(text + "Z") else {
            throw .invalid([Finding(pointer: pointer, code: "format", detail: "must be an ISO 8601 time")])
        }
        return time
    }
}
