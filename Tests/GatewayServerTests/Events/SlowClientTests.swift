import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import GatewayServer
@testable import StudioPostgres

/// A client that takes nothing for a while loses progress only, and costs no more than its bounds.
@Suite("Slow clients") struct SlowClientTests {
    private final class Output: EventSessionOutput {
        var ended: EventSessionEnd?
        func sessionHasOutput() {}
        func sessionShouldPing() {}
        func sessionEnded(_ reason: EventSessionEnd) { ended = reason }
    }

    /// A session that is subscribed to a project, and the fan-out before it; on one event loop.
    private final class Scene {
        let project = ProjectID()
        let tenant = TenantID()
        let output = Output()
        let fanOut: EventLoopFanOut
        let session: EventSession
        private var id: Int64 = 0

        init(_ loop: any EventLoop) {
            fanOut = EventLoopFanOut(
                eventLoop: loop, work: { _, _ in }, watch: { _ in }, unwatch: { _ in }, ended: { _ in })
            let caller = Caller(
                userID: UserID(), tenantID: tenant, tenantName: "studio", email: "", displayName: "", roles: [.viewer],
                tokenExpiresAt: .distantFuture)
            session = EventSession(caller: caller, fanOut: fanOut, output: output)
            fanOut.open(session)
            fanOut.deliver(batch([]))
            _ = session.beginLive(.project(project), project: project)
        }

        private func batch(_ events: [StoredEvent]) -> EventBatch {
            EventBatch(
                events, position: EventCursor(transaction: 1, id: id),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        func tell(_ job: JobID, _ state: String) {
            id += 1
            let event = StoredEvent(
                cursor: EventCursor(transaction: 1, id: id), kind: .jobState, tenant: tenant, project: project,
                projectName: "film", job: job, payload: ["state": .string(state), "attempt": 1], at: Date())
            fanOut.deliver(batch([event]))
        }

        func report(_ job: JobID, _ progress: Double) throws {
            fanOut.deliverProgress(
                try OutgoingEvent(
                    ProgressReport(job: job, project: project, attempt: 1, progress: progress, stage: "encode"),
                    projectName: "film"))
        }

        /// Everything that waits for the client, in the order in which it is sent.
        func drain() throws -> [JSONValue] {
            var events: [JSONValue] = []
            while let event = session.next() {
                events.append(try JSONText.decode(JSONValue.self, from: String(buffer: event.json)))
            }
            return events
        }
    }

    /// What a client would have got. Expectations are held against it in the test's own task.
    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Scene) throws -> Value) async throws -> Value {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.submit { try body(Scene(loop)) }.get()
    }

    @Test func `Progress is shed, durable events are all there, and nothing follows a job's final state`() async throws
    {
        // More go on than progress is kept for; those after them end, and their progress would be the newest there is.
        let jobs = (0..<600).map { _ in JobID() }
        let (waiting, isOver) = try await onLoop { scene in
            for (place, job) in jobs.enumerated() {
                scene.tell(job, "queued")
                scene.tell(job, "running")
                for step in 0..<20 { try scene.report(job, Double(step) / 20) }
                if place >= 300 { scene.tell(job, "succeeded") }
            }
            return (try scene.drain(), scene.session.isOver)
        }
        let states = waiting.filter { $0["type"] == "job.state" }
        let expected = jobs.enumerated().flatMap { place, job in
            (["queued", "running"] + (place >= 300 ? ["succeeded"] : [])).map { "\(job) \($0)" }
        }
        #expect(states.map { "\($0["job"]?.stringValue ?? "") \($0["state"]?.stringValue ?? "")" } == expected)
        // Of 12,000 reports the newest of jobs that go on, as many as are kept beside the one that was about to end.
        let reports = waiting.filter { $0["type"] == "job.progress" }
        #expect(reports.count == OutgoingQueue.progressLimit - 1)
        #expect(reports.allSatisfy { $0["progress"] == 0.95 })
        let unfinished = Set(jobs[..<300].map(\.description))
        #expect(reports.allSatisfy { unfinished.contains($0["job"]?.stringValue ?? "") })
        #expect(!isOver)
    }

    @Test func `A client that takes nothing is ended at its bound, with all it was promised until then`() async throws {
        let (told, ended, got, later) = try await onLoop { scene in
            let job = JobID()
            var told = 0
            while !scene.session.isOver, told < OutgoingQueue.durableLimit * 2 {
                scene.tell(job, told.isMultiple(of: 2) ? "queued" : "running")
                try scene.report(job, 0.5)
                told += 1
            }
            let got = try scene.drain().compactMap { $0["id"]?.stringValue.flatMap(EventCursor.init)?.id }
            // Over is over: what comes later is not kept for it.
            scene.tell(job, "succeeded")
            return (told, scene.output.ended, got, try scene.drain().count)
        }
        #expect(ended == .tooSlow && told == OutgoingQueue.durableLimit + 1)
        #expect(got == Array(1...Int64(OutgoingQueue.durableLimit)) && later == 0)
    }

    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func `Whatever is told, reported and taken in whatever order, the bounds hold`(seed: UInt64) async throws {
        let faults = try await onLoop { scene in
            var random = SeededGenerator(state: seed)
            let jobs = (0..<400).map { _ in JobID() }
            var (told, taken): ([Int64], [Int64]) = ([], [])
            var waitingReports: Set<JobID> = []
            var faults: [String] = []
            func take(_ count: Int) {
                for _ in 0..<count {
                    guard let event = scene.session.next() else { break }
                    if let id = event.cursor?.id {
                        taken.append(id)
                    } else if let job = event.job {
                        // Progress is only sent where no durable event waits, of a job once, and never after its end.
                        if told != taken { faults.append("progress before a durable event") }
                        if waitingReports.remove(job) == nil { faults.append("progress that nobody waits for") }
                    }
                }
            }
            for _ in 0..<6000 {
                let job = jobs[Int.random(in: 0..<jobs.count, using: &random)]
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<3:
                    guard told.count - taken.count < OutgoingQueue.durableLimit else { break }
                    let ends = Int.random(in: 0..<3, using: &random) == 0
                    scene.tell(job, ends ? "failed" : "running")
                    if ends { waitingReports.remove(job) }
                    told.append(Int64(told.count + 1))
                case 3..<7:
                    try scene.report(job, Double.random(in: 0..<1, using: &random))
                    waitingReports.insert(job)
                default: take(Int.random(in: 0..<4, using: &random))
                }
            }
            take(.max)
            if taken != told { faults.append("\(told.count) told and \(taken.count) taken") }
            if scene.session.isOver { faults.append("ended") }
            return faults
        }
        #expect(faults == [], "seed \(seed)")
    }
}
