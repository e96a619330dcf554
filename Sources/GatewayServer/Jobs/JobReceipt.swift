import FoundationEssentials
import HTTPTypes
import QueueProtocol
import StudioCore
import StudioPostgres

/// The answer to a submission and to a retry: the promise that the job's row is committed.
///
/// Put together by hand, not by a coder: it is written for every submission.
struct JobReceipt: Sendable {
    let job: AdmittedJob

    init(_ job: AdmittedJob) {
        self.job = job
    }

    /// The receipt as it is answered. Members are sorted, so that the answer kept for an idempotency key and the one given
    /// now are the same to the byte.
    var members: JSONMembers {
        let path = JobLinks.path(of: job.id)
        var links = JSONMembers(capacity: 320)
        links.add("cancel", path + "/cancel")
        links.add("log", path + "/log")
        links.add("project", "/api/v1/projects/" + job.projectName)
        links.add("retry", path + "/retry")
        links.add("self", path)
        var members = JSONMembers(capacity: 768)
        members.add("attempt", job.attempt)
        members.add("createdAt", Timestamp.text(job.createdAt))
        members.add("creditsHeld", job.state.isFinished ? 0 : job.credits)
        members.add("destination", job.destination.kind.rawValue)
        members.add("function", job.function)
        members.add("functionVersion", job.functionVersion)
        members.add("id", job.id.description)
        members.add("links", links)
        if let preview = job.previewJob { members.add("previewJob", preview.description) }
        members.add("progress", 0)
        members.add("project", job.projectName)
        if let shot = job.shot { members.add("shot", shot) }
        members.add("state", job.state.rawValue)
        members.add("version", job.version)
        return members
    }

    /// 202 with the receipt and the job's address.
    var answer: JSONAnswer {
        JSONAnswer(encoded: Data(members.document), status: .accepted, headers: [.location: JobLinks.path(of: job.id)])
    }

    /// The same as an idempotency key keeps it.
    var kept: IdempotentAnswer {
        IdempotentAnswer(
            status: HTTPResponse.Status.accepted.code,
            headers: [HTTPField.Name.location.rawName: JobLinks.path(of: job.id)],
            body: String(decoding: members.document, as: UTF8.self))
    }
}
