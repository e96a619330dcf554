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

    /// The receipt as it is answered.
    var document: JSONValue {
        let links = JobLinks(job.id, projectName: job.projectName)
        return [
            "id": .string(job.id.description), "state": .string(job.state.rawValue),
            "project": .string(job.projectName),
            "shot": .string(job.shot), "version": .integer(Int64(job.version)), "function": .string(job.function),
            "functionVersion": .string(job.functionVersion), "progress": 0, "attempt": .integer(Int64(job.attempt)),
            "creditsHeld": .integer(Int64(job.state.isFinished ? 0 : job.credits)),
            "createdAt": .string(Timestamp.text(job.createdAt)),
            "links": [
                "self": .string(links.`self`), "cancel": .string(links.cancel), "retry": .string(links.retry),
                "log": .string(links.log), "project": .string(links.project),
            ],
        ]
    }

    /// 202 with the receipt and the job's address. Members are sorted, so that the answer kept for an idempotency key and
    /// the one given now are the same to the byte.
    var answer: JSONAnswer {
        get throws {
            JSONAnswer(
                encoded: try JSONText.compact(document, sortedKeys: true), status: .accepted,
                headers: [.location: JobLinks.path(of: job.id)])
        }
    }
}
