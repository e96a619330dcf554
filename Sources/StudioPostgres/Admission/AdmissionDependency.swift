import QueueProtocol
import StudioCore

/// A job that a new one waits for, and the place in the submission that named it first.
struct AdmissionDependency {
    var id: JobID
    var pointer: String

    /// The jobs a submission names, each once: those it depends on and those whose takes it reads.
    static func all(of job: NewJob) throws(StudioError) -> [AdmissionDependency] {
        var found: [AdmissionDependency] = []
        var findings: [Finding] = []
        func add(_ id: JobID, _ pointer: String) {
            if id == job.id {
                findings.append(Finding(pointer: pointer, code: "invalid", detail: "a job cannot depend on itself"))
            } else if !found.contains(where: { $0.id == id }) {
                found.append(AdmissionDependency(id: id, pointer: pointer))
            }
        }
        for (index, id) in job.dependsOn.enumerated() { add(id, "/dependsOn/\(index)") }
        for (name, source) in job.inputs.sorted(by: { $0.key < $1.key }) where source.hasPrefix("job:") {
            let pointer = "/inputs/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
            if let id = JobID(String(source.dropFirst(4).prefix { $0 != "#" })) {
                add(id, pointer)
            } else {
                findings.append(Finding(pointer: pointer, code: "format", detail: "job: is followed by a job's id"))
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        return found
    }

    /// The state a job begins in, by the states of those it waits for, which may be admitted with it.
    static func state(
        of dependencies: [AdmissionDependency], for job: NewJob, _ upstream: (JobID) -> AdmissionView.Upstream?
    ) throws(StudioError) -> JobState {
        var findings: [Finding] = []
        var isReady = true
        for dependency in dependencies {
            switch upstream(dependency.id).flatMap({ $0.isWithin(reachOf: job) ? $0.state : nil }) {
            case nil:
                findings.append(
                    Finding(
                        pointer: dependency.pointer, code: "not-found",
                        detail: "the project has no job \(dependency.id)"))
            case .failed, .cancelled:
                findings.append(
                    Finding(
                        pointer: dependency.pointer, code: "dependency-failed",
                        detail: "job \(dependency.id) did not succeed; retry it first"))
            case .succeeded: break
            case .waiting, .queued, .running: isReady = false
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        return isReady ? .queued : .waiting
    }
}
