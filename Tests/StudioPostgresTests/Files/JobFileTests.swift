import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Jobs whose files go to the cache or among the exports, as rows.
@Suite struct JobFileTests {
    private func newJob(_ studio: StudioFixture, _ destination: JobDestination) throws -> NewJob {
        var job = try studio.newJob()
        job.destination = destination
        job.shot = nil
        return job
    }

    private func file(_ path: String, port: String = "video", isPrimary: Bool = true) -> FinishedJobFile {
        FinishedJobFile(
            port: port, path: path, isPrimary: isPrimary, mediaType: "video/mp4",
            sha256: String(repeating: "c", count: 64), sizeBytes: 5, probe: ["frames": 48])
    }

    private func publish(_ claim: HeldClaim, _ files: [FinishedJobFile], _ studio: StudioFixture) async throws {
        let store = JobFileStore(studio.database)
        try await store.record(claim, files) { _ in }
        _ = try await store.withClaim(claim) { try store.publish(claim, on: $0) }
    }

    @Test func filesSuccessCreditsAndDependentsAreThereTogether() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.admit(newJob(studio, .cache(path: nil)))
            #expect(job.shot == nil && job.destination == .cache(path: nil))
            let reader = try await studio.submit(inputs: ["source": "job:\(job.id)#video"])
            #expect(try await studio.jobs.get(reader)?.state == .waiting)
            let claim = try await studio.claim(job.id)
            let path = "05_Cache/jobs/\(job.id)/results/video.mp4"
            let store = JobFileStore(studio.database)
            try await store.record(claim, [file(path)]) { _ in }
            #expect(try await store.list(of: job.id).isEmpty)
            #expect(try await store.noted(of: job.id).count == 1)
            await #expect(throws: LeaseLost.self) {
                try await store.record(HeldClaim(job: job.id, attempt: 7), [file("05_Cache/x")]) { _ in }
            }
            let released = try await store.withClaim(claim) { try store.publish(claim, on: $0) }
            #expect(released == [reader])
            #expect(try await studio.jobs.get(job.id)?.state == .succeeded)
            #expect(try await store.list(of: job.id).map(\.path) == [path])
            let claimed = try #require(
                try await studio.jobs.claim([reader], worker: studio.worker, name: "w", lease: .seconds(60)).first)
            #expect(
                claimed.resolvedInputs
                    == ["source": ResolvedInput(path: path, sha256: String(repeating: "c", count: 64))])
            _ = try await studio.jobs.release(HeldClaim(job: reader, attempt: claimed.attempt))
        }
    }

    @Test func ofTwoExportsUnderOneNameAtATimeTheSecondIsRefused() async throws {
        try await StudioFixture.with { studio in
            let export = JobDestination.export(path: "06_Exports/Final.mp4", replaces: false)
            let first = try await studio.admit(newJob(studio, export))
            let others = [export, .export(path: "06_Exports/FINAL.mp4", replaces: false)]
            for other in others {
                let error = await #expect(throws: StudioError.self) {
                    try await studio.jobs.admit(newJob(studio, other))
                }
                #expect(error?.code == .exportExists)
            }
            // A neighbour in the same commit is not hurt by it.
            let neighbours = try [newJob(studio, export), newJob(studio, .cache(path: nil))].map { AdmissionUnit([$0]) }
            let results = await JobAdmission(studio.database).admit(neighbours)
            #expect(throws: StudioError.self) { try results[0].get() }
            _ = try results[1].get()
            _ = try await studio.jobs.cancel(first.id)
            let second = try await studio.admit(newJob(studio, export))
            let refused = await #expect(throws: StudioError.self) { try await studio.jobs.retry(first.id) }
            #expect(refused?.code == .exportExists)
            // Whoever means to replace may wait beside it.
            _ = try await studio.admit(newJob(studio, .export(path: "06_Exports/Final.mp4", replaces: true)))
            try await publish(try await studio.claim(second.id), [file("06_Exports/Final.mp4")], studio)
        }
    }

    @Test func aFileThatGaveWayIsToldAsGone() async throws {
        try await StudioFixture.with { studio in
            let place = "05_Cache/proxies/a.mp4"
            var jobs: [JobID] = []
            for _ in 0..<2 {
                let job = try await studio.admit(newJob(studio, .cache(path: place)))
                try await publish(try await studio.claim(job.id), [file(place)], studio)
                jobs.append(job.id)
            }
            let store = JobFileStore(studio.database)
            #expect(try await store.list(of: jobs[0]).map { $0.removedAt == nil } == [false])
            #expect(try await store.list(of: jobs[1]).map { $0.removedAt == nil } == [true])
            #expect(try await store.list(project: studio.project, limit: 10).map(\.job) == [jobs[1]])
        }
    }

    @Test func aPublishedFileIsImmutable() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.admit(newJob(studio, .cache(path: nil)))
            try await publish(
                try await studio.claim(job.id), [file("05_Cache/jobs/\(job.id)/results/video.mp4")], studio)
            await #expect(throws: PostgresError.self) {
                try await studio.database.withConnection {
                    try $0.execute("UPDATE job_files SET size_bytes = 9 WHERE job_id = $1", [.id(job.id)])
                }
            }
        }
    }

    @Test func theAuditNamesAFileThatIsMissing() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let job = try await studio.admit(newJob(studio, .cache(path: nil)))
            try await publish(
                try await studio.claim(job.id), [file("05_Cache/jobs/\(job.id)/results/video.mp4")], studio)
            #expect(try await studio.audit.run() == [])
            _ = try await studio.database.withConnection {
                try $0.execute("DELETE FROM job_files WHERE job_id = $1", [.id(job.id)])
            }
            #expect(try await studio.audit.run().map(\.rule) == ["file-of-success"])
        }
    }
}
