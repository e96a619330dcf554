import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioPostgres
import Testing

@testable import GatewayServer

@Suite("What waits for a client") struct OutgoingQueueTests {
    private let project = ProjectID()

    private func progress(_ job: JobID, _ value: Double) throws -> OutgoingEvent {
        try OutgoingEvent(
            ProgressReport(job: job, project: project, attempt: 1, progress: value, stage: "encode"),
            projectName: "film")
    }

    private func state(_ job: JobID, _ state: String, _ id: Int64 = 1) throws -> OutgoingEvent {
        try OutgoingEvent(
            answer: QueueProtocol.StudioEvent.jobState(
                DurableEvent(
                    id: "1.\(id)", project: "film", JobStateChange(job: job, state: state, attempt: 1), at: Date())),
            kind: "job.state"
        )
    }

    @Test func keepsOnlyTheNewestProgressOfAJob() throws {
        var queue = OutgoingQueue()
        let (first, second) = (JobID(), JobID())
        for step in 0..<1000 {
            queue.update(try progress(first, Double(step) / 1000))
            queue.update(try progress(second, 0.5))
        }
        let next = queue.next()
        let one = try #require(next)
        #expect(String(buffer: one.json).contains("0.999"))
        #expect(queue.next()?.job == second)
        #expect(queue.next() == nil)
    }

    @Test func dropsTheLongestWaitingProgressOfTooManyJobs() throws {
        var queue = OutgoingQueue()
        let jobs = (0..<(OutgoingQueue.progressLimit + 10)).map { _ in JobID() }
        for job in jobs { queue.update(try progress(job, 0.1)) }
        var left: [JobID] = []
        while let event = queue.next() { left += event.job.map { [$0] } ?? [] }
        #expect(left == Array(jobs.dropFirst(10)))
    }

    @Test func sendsDurableEventsFirstAndNeverDropsOne() throws {
        var queue = OutgoingQueue()
        let job = JobID()
        queue.update(try progress(job, 0.1))
        for id in 0..<OutgoingQueue.durableLimit { #expect(queue.append(try state(job, "running", Int64(id)))) }
        #expect(!queue.append(try state(job, "succeeded")))
        for _ in 0..<OutgoingQueue.durableLimit { #expect(queue.next()?.kind == "job.state") }
        #expect(queue.next()?.kind == "job.progress")
    }
}
