import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// What monitors are told of a job's life.
@Suite(.timeLimit(.minutes(10))) struct NodeReportsTests {
    private let sent = Watched<[CeleryEvent]>([])

    private func reports() -> NodeReports {
        NodeReports(
            board: TaskBoard(),
            events: NodeEvents(isOn: true, pid: 1, clock: LamportClock(), logger: Stage.logger) { [sent] batch in
                sent.update { $0 += batch.map(\.event) }
            })
    }

    /// Tells some news and returns what monitors then hear.
    private func told(_ job: ClaimedJob, _ news: JobNews..., in reports: NodeReports) async -> [CeleryEvent] {
        for one in news { reports.tell(job, one) }
        await reports.events.flush()
        return sent.update { events in
            defer { events = [] }
            return events
        }
    }

    @Test func aLifeFromBeginningToEnd() async throws {
        try await Stage.with { stage in
            let job = try await stage.claim(try await stage.submit())
            let reports = reports()
            let id = job.id.description
            let first = await told(job, .began, in: reports)
            #expect(first.map(\.type) == ["task-received", "task-started"])
            #expect(first[0].fields["uuid"] == .string(id) && first[0].fields["name"] == .string("studio.render"))
            #expect(first[0].fields["kwargs"]?.stringValue?.contains("'shot': 'SHOT-010'") ?? false)
            #expect(reports.board.runningCount == 1 && reports.board.counts == ["studio.render": 1])

            let report = ProgressReport(
                job: job.id, project: job.project, attempt: 1, progress: 0.256, stage: "encoding", etaSeconds: 3.6)
            // Twice at once is once: people read it.
            let progress = await told(job, .progress(report), .progress(report), in: reports)
            #expect(
                progress == [.progress(id, result: "{'eta_seconds': 4, 'percent': 25.6, 'stage': 'encoding'}")])

            let failure = JobFailure(.runnerFailed, "it's broken", logTail: "the last line")
            let again = await told(job, .failed(failure, again: true), in: reports)
            #expect(again == [.retried(id, exception: #"RunnerFailed("it's broken")"#)])
            #expect(reports.board.runningCount == 0)
            #expect(
                await told(job, .failed(failure, again: false), in: reports)
                    == [.failed(id, exception: #"RunnerFailed("it's broken")"#, traceback: "the last line")])
            #expect(await told(job, .cancelled, in: reports) == [.revoked(id, terminated: true)])
            #expect(await told(job, .released, in: reports).map(\.type) == ["task-retried"])
            #expect(await told(job, .lost, in: reports) == [])
            // After its end nothing is said of its progress.
            #expect(await told(job, .progress(report), in: reports) == [])

            // A monitor that saw its end is told that it is open again.
            var second = job
            second.attempt = 2
            #expect(
                await told(second, .began, in: reports).map(\.type)
                    == ["task-RETRY", "task-received", "task-started"])
            #expect(await told(second, .succeeded(nil), in: reports).map(\.type) == ["task-succeeded"])
        }
    }

    @Test func aJobsTimeIsTheLesserOfItsOwnAndItsTasks() async throws {
        try await Stage.with { stage in
            let job = try await stage.claim(try await stage.submit(timeoutSeconds: 60))
            let limits = TimeLimits()
            #expect(limits.applied(to: job).timeoutSeconds == 60)
            limits["studio.submit"] = TimeLimits.Limit(soft: 1)
            #expect(limits.applied(to: job).timeoutSeconds == 60, "another task's")
            limits["studio.render"] = TimeLimits.Limit(soft: 20, hard: 9.5)
            #expect(limits.applied(to: job).timeoutSeconds == 10)
            limits["studio.render"] = TimeLimits.Limit(hard: 1e300)
            #expect(limits.applied(to: job).timeoutSeconds == 60)
            limits["studio.render"] = TimeLimits.Limit(soft: 0.001)
            #expect(limits.applied(to: job).timeoutSeconds == 1)
            limits["studio.render"] = TimeLimits.Limit()
            #expect(limits.applied(to: job).timeoutSeconds == 60)
            _ = try await stage.jobs.cancel(job.id)
        }
    }
}
