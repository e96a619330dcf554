import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Submits a list of jobs with one request and one transaction: all or none, or with `?partial=true` those that are good.
struct BatchSubmission: Sendable {
    /// The most jobs of one request.
    static let limit = 1000

    let submission: JobSubmission

    /// Submits the jobs of `{"jobs": […]}`, in this order.
    ///
    /// - Parameters:
    ///   - request: The request, for its query and its idempotency key.
    ///   - body: Its body.
    ///   - name: The project's name.
    ///   - caller: Who asks and pays.
    ///   - context: For the request's id, its trace and its log.
    /// - Returns: 202 with what became of each, or the first answer for a repeated key.
    /// - Throws: `StudioError` naming what is wrong by the place in the list; then nothing was kept.
    func submit(
        _ request: Request, body: Data, project name: String, caller: Caller, context: GatewayContext
    ) async throws -> JSONAnswer {
        let isPartial = try request.flag("partial")
        let bodies = try Self.bodies(body)
        let claim = try request.idempotency(body: body, caller: caller)
        // What is refused before the transaction, and the places of the others.
        var refused: [Int: StudioError] = [:]
        var places: [Int] = []
        let admission = try await submission.admit(body: body, project: name, caller: caller, claim: claim) { project in
            (refused, places) = ([:], [])
            var jobs: [NewJob] = []
            for (index, body) in bodies.enumerated() {
                do {
                    jobs.append(
                        try await submission.planned(
                            try Submission(body), project: project, caller: caller,
                            origin: SubmissionOrigin(context)))
                    places.append(index)
                } catch let error as StudioError {
                    refused[index] = error
                }
            }
            guard refused.isEmpty || (isPartial && !jobs.isEmpty) else { throw Self.merged(refused) }
            let early = refused
            return AdmissionUnit(
                jobs, isPartial: isPartial,
                idempotency: claim.map { claim in
                    AdmissionUnit.KeyedAnswer(claim) { verdicts in
                        try IdempotentAnswer(Self.answer(verdicts, early: early))
                    }
                })
        }
        switch admission {
        case .replayed(let answer): return JSONAnswer(replaying: answer)
        case .run: throw Self.noVerdict
        case .refused(let errors):
            let placed = errors.map { (places[$0.key], $0.value) }
            throw Self.merged(refused.merging(placed) { $1 })
        case .decided(let verdicts):
            for verdict in verdicts { if let job = try? verdict.job() { JobSubmission.tell(job, context.logger) } }
            return try Self.answer(verdicts, early: refused)
        }
    }

    private static let noVerdict = StudioError(.internalFault, "a submission got no verdict")

    private static func bodies(_ body: Data) throws -> [JSONValue] {
        let document = try JSONBody.decode(JSONValue.self, from: body)
        guard case .object(let members) = document, case .array(let jobs)? = members["jobs"] else {
            throw StudioError.invalid([
                Finding(pointer: "/jobs", code: "required", detail: "must be an array of submissions")
            ])
        }
        guard members.count == 1, (1...limit).contains(jobs.count) else {
            let unknown = members.keys.sorted().first { $0 != "jobs" }
            throw StudioError.invalid([
                unknown.map { Finding(pointer: "/\($0)", code: "unknown-property", detail: "is not known here") }
                    ?? Finding(pointer: "/jobs", code: "items", detail: "must have 1 to \(limit) submissions")
            ])
        }
        return jobs
    }

    /// One refusal for all: findings with their place in the list; any other refusal alone, with its place named.
    static func merged(_ errors: [Int: StudioError]) -> StudioError {
        let sorted = errors.sorted { $0.key < $1.key }
        if let (index, error) = sorted.first(where: { $0.value.code != .invalid }) {
            var error = error
            error.detail = "/jobs/\(index): \(error.detail)"
            return error
        }
        return .invalid(
            sorted.flatMap { index, error in
                error.findings.map {
                    Finding(pointer: "/jobs/\(index)\($0.pointer)", code: $0.code, detail: $0.detail)
                }
            })
    }

    private static func answer(_ verdicts: [AdmissionVerdict], early: [Int: StudioError]) throws -> JSONAnswer {
        var verdicts = verdicts[...]
        var (admitted, refused) = (0, 0)
        var items: [[UInt8]] = []
        for index in 0..<(verdicts.count + early.count) {
            guard let verdict = early[index].map(AdmissionVerdict.refused) ?? verdicts.popFirst() else {
                throw noVerdict
            }
            switch verdict {
            case .admitted(let job), .known(let job):
                admitted += 1
                var item = JSONMembers(capacity: 800)
                item.add("job", JobReceipt(job).members)
                items.append(item.document)
            case .refused(let error):
                refused += 1
                let item: JSONValue = ["problem": problem(error)]
                items.append(Array(try JSONText.compact(item, sortedKeys: true)))
            }
        }
        var receipt = JSONMembers(capacity: 64 + items.reduce(0) { $0 + $1.count + 1 })
        receipt.add("admitted", admitted)
        receipt.add("items", items: items)
        receipt.add("refused", refused)
        return JSONAnswer(encoded: Data(receipt.document), status: .accepted)
    }

    /// A problem document without the request it answers.
    private static func problem(_ error: StudioError) -> JSONValue {
        let problem = Problem(error)
        var document: [String: JSONValue] = [
            "type": .string("/problems/\(problem.code)"), "title": .string(problem.title),
            "status": .integer(Int64(problem.status.code)), "detail": .string(problem.detail),
        ]
        if !problem.findings.isEmpty {
            document["errors"] = .array(
                problem.findings.map {
                    ["pointer": .string($0.pointer), "code": .string($0.code), "detail": .string($0.detail)]
                })
        }
        return .object(document)
    }
}
