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
        try await store.record(FileRecording(claim, files))
        try await store.publish(FilePublication(claim))
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
            try await store.record(FileRecording(claim, [file(path)]))
            #expect(try await store.list(of: job.id).isEmpty)
            #expect(try await store.noted(of: job.id).count == 1)
            await #expect(throws: LeaseLost.self) {
                try await store.record(FileRecording(HeldClaim(job: job.id, attempt: 7), [file("05_Cache/x")]))
            }
            let released = try await store.publish(FilePublication(claim)).releasedJobs
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

    private struct Refused: Error {}

    @Test func filesThatAreFinishedTogetherAreWrittenTogetherAndEachForItself() async throws {
        try await StudioFixture.with { studio in
            let store = JobFileStore(studio.database)
            var claims: [HeldClaim] = []
            var readers: [JobID] = []
            for _ in 0..<4 {
                let job = try await studio.admit(newJob(studio, .cache(path: nil)))
                readers.append(try await studio.submit(inputs: ["source": "job:\(job.id)"]))
                claims.append(try await studio.claim(job.id))
            }
            let lost = HeldClaim(job: claims[2].job, attempt: 7)
            func files(_ claim: HeldClaim) -> [FinishedJobFile] {
                [file("05_Cache/jobs/\(claim.job)/results/video.mp4")]
            }
            let noted = try await store.record([
                FileRecording(claims[3], files(claims[3])),
                FileRecording(claims[1], files(claims[1])) { _ in throw Refused() },
                FileRecording(lost, files(lost)), FileRecording(claims[0], files(claims[0])),
            ])
            #expect(throws: Refused.self) { try noted[1].get() }
            #expect(throws: LeaseLost(claim: lost)) { try noted[2].get() }
            for place in [0, 3] { try noted[place].get() }
            for (claim, count) in zip(claims, [1, 0, 0, 1]) {
                #expect(try await store.noted(of: claim.job).count == count)
            }
            let published = try await store.publish([
                FilePublication(claims[0]), FilePublication(claims[3]) { throw Refused() }, FilePublication(lost),
                FilePublication(claims[1]),
            ])
            #expect(try published[0].get() == PublishedFiles(releasedJobs: [readers[0]], hasParts: false))
            #expect(throws: Refused.self) { try published[1].get() }
            #expect(throws: LeaseLost(claim: lost)) { try published[2].get() }
            #expect(throws: StudioError.self) { try published[3].get() }
            var states: [JobState?] = []
            for claim in claims { states.append(try await studio.state(claim.job)) }
            #expect(states == [.succeeded, .running, .running, .running])
            await #expect(throws: Refused.self) {
                _ = try await store.publish([FilePublication(claims[3])], closing: { throw Refused() })
            }
            #expect(try await store.publish(FilePublication(claims[3])).releasedJobs == [readers[3]])
            #expect(try await studio.account()?.settled == 20)
        }
    }

    /// Statements are planned once, in a worker's first moment, when there are no files yet, and again when the server has
    /// looked at the tables: what they read then must not grow with what there is later.
    @Test func publishingReadsAsFewRowsAsEverHoweverManyFilesThereAre() async throws {
        try await StudioFixture.with(credits: 100_000) { studio in
            var configuration = PostgresConfiguration.patient(studio.uri, connections: 1)
            configuration.plansOnce = true
            let planned = try Database(configuration)
            let (store, jobs) = (JobFileStore(planned), JobStore(planned))
            func start(_ nodes: [NewRunNode]) async throws -> AdmittedRun {
                let answer = try await JobAdmission(planned).admit(AdmissionUnit(run: studio.newRun(nodes)))
                guard case .run(let run) = answer else { throw Unexpected(what: "\(answer)") }
                return run
            }
            func read() async throws -> Int {
                try await planned.withConnection { connection in
                    _ = try connection.query("SELECT pg_stat_force_next_flush()")
                    return try connection.query(
                        """
                        SELECT (sum(seq_tup_read) + sum(idx_tup_fetch))::bigint AS rows FROM pg_stat_user_tables
                        WHERE relname IN ('jobs', 'job_attempts', 'job_dependencies', 'job_files', 'takes', 'canvas_run_nodes')
                        """
                    )[0].decode("rows")
                }
            }
            let worker = studio.worker
            var costs: [Int] = []
            var last = try await start([studio.node("n0")])
            for round in 1...600 {
                let job = try #require(last.job("n\(round - 1)"))
                last = try await start([studio.node("n\(round - 1)"), studio.node("n\(round)", reads: [0])])
                let before = try await read()
                let claimed = try #require(
                    try await jobs.claim([job], worker: worker, name: "w", lease: .seconds(60)).first)
                #expect(claimed.resolvedInputs.count == (round > 1 ? 1 : 0))
                let claim = HeldClaim(job: job, attempt: claimed.attempt)
                let path = try #require(claimed.destination.path)
                try await store.record(FileRecording(claim, [file(path)]))
                let released = try await store.publish(FilePublication(claim)).releasedJobs
                #expect(released == [try #require(last.job("n\(round)"))])
                costs.append(try await read() - before)
                if round.isMultiple(of: 10) { try await studio.lookAtTables() }
            }
            await planned.close()
            #expect(try await studio.tablesLookedAt.isSuperset(of: ["jobs", "job_attempts", "canvas_run_nodes"]))
            let usual = costs[5..<10].reduce(0, +) / 5
            #expect(costs.dropFirst(10).allSatisfy { $0 <= usual + 5 }, "\(costs)")
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
