import QueueProtocol
import StudioCore
import StudioPostgres

extension JobChange {
    /// Reads the body of `PATCH /api/v1/jobs/{job}`.
    ///
    /// - Parameter body: The body.
    /// - Throws: `StudioError` with code `invalid` and everything that is wrong with it.
    init(_ body: JSONValue) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        self.init()
        var findings: [Finding] = []
        for (name, value) in members.sorted(by: { $0.key < $1.key }) where !value.isNull {
            let pointer = "/" + JSONPointer.escaped(name)
            switch name {
            case "priority":
                priority = value.intValue.flatMap { (0...9).contains($0) ? $0 : nil }
                if priority == nil {
                    findings.append(
                        Finding(pointer: pointer, code: "range", detail: "must be a whole number from 0 to 9"))
                }
            case "hold":
                isHeld = value.boolValue
                if isHeld == nil {
                    findings.append(Finding(pointer: pointer, code: "type", detail: "must be true or false"))
                }
            case "before", "after":
                guard let job = value.stringValue.flatMap({ JobID($0) }) else {
                    findings.append(Finding(pointer: pointer, code: "format", detail: "must be a job's id, a UUID"))
                    continue
                }
                if move != nil {
                    findings.append(
                        Finding(pointer: pointer, code: "conflict", detail: "a job is moved before or after another"))
                }
                move = name == "before" ? .before(job) : .after(job)
            default:
                findings.append(Finding(pointer: pointer, code: "unknown-member", detail: "is not known here"))
            }
        }
        if findings.isEmpty, self == JobChange() {
            findings.append(
                Finding(pointer: "", code: "required", detail: "names nothing of priority, hold, before and after"))
        }
        guard findings.isEmpty else { throw .invalid(findings) }
    }
}
