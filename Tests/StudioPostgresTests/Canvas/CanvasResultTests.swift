import QueueProtocol
import StudioCore
import StudioTestKit
import Synchronization
import Testing

@testable import StudioPostgres

/// What keys stand for when files are gone: made again for nothing, waited for, and never cleaned away under a reader.
@Suite struct CanvasResultTests {
    @Test func aReaderOfAGoneFileWaitsUntilItIsMadeAgain() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([studio.node("a")])
            let a = try #require(first.job("a"))
            try await studio.make(a)
            let second = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [1]),
            ])
            let b = try #require(second.job("b"))
            let claim = try await studio.claim(b)
            let removed = Mutex<[String]>([])
            let outcome = try await studio.results.makeAgain(claim, lost: [a]) { file in
                removed.withLock { $0.append(file.path) }
            }
            #expect(outcome == .putOff)
            #expect(removed.withLock { $0 } == ["05_Cache/canvas/\(StudioFixture.key("a"))/\(a).png"])
            #expect(try await studio.state(b) == .waiting)
            #expect(try await studio.audit.run() == [])
            let nodes = try await studio.runs.nodes(of: second.id)
            let again = try #require(nodes[0].job)
            #expect(again != a)
            #expect(nodes[0].origin == .made)
            let record = try #require(try await studio.jobs.get(again))
            #expect(record.credits == 0)
            #expect(record.destination.path?.contains("\(again)") == true)
            #expect(try await studio.jobs.get(b)?.inputs == ["in/0": "job:\(again)"])
            // It is nobody's claim any more.
            await #expect(throws: LeaseLost.self) {
                _ = try await studio.results.makeAgain(claim, lost: [a]) { _ in }
            }
            for job in [again, b, try #require(second.job("c"))] { try await studio.make(job) }
            #expect(try await studio.state(of: second.id) == .succeeded)
            #expect(try await studio.state(of: first.id) == .succeeded)
            #expect(try await studio.jobs.get(b)?.countedAttempts == 1)
        }
    }

    @Test func ofTwoReadersTheSecondWaitsForWhatTheFirstHasMadeAgain() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [0]),
            ])
            let a = try #require(first.job("a"))
            try await studio.make(a)
            let claims = [
                try await studio.claim(try #require(first.job("b"))),
                try await studio.claim(try #require(first.job("c"))),
            ]
            for claim in claims { #expect(try await studio.results.makeAgain(claim, lost: [a]) { _ in } == .putOff) }
            let again = try #require(try await studio.runs.nodes(of: first.id)[0].job)
            for claim in claims { #expect(try await studio.jobs.get(claim.job)?.dependsOn == [again]) }
            try await studio.make(again)
            for claim in claims { #expect(try await studio.state(claim.job) == .queued) }
            // A third, late: what it was to read is there by now.
            for claim in claims { try await studio.make(claim.job) }
            #expect(try await studio.state(of: first.id) == .succeeded)
        }
    }

    @Test func whatIsMadeAgainMayEndAtTheVeryMomentASecondReaderBeginsToWaitForIt() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([
                studio.node("a"), studio.node("b", reads: [0]), studio.node("c", reads: [0]),
            ])
            let a = try #require(first.job("a"))
            try await studio.make(a)
            let b = try await studio.claim(try #require(first.job("b")))
            let c = try await studio.claim(try #require(first.job("c")))
            #expect(try await studio.results.makeAgain(b, lost: [a]) { _ in } == .putOff)
            let again = try await studio.claim(try #require(try await studio.runs.nodes(of: first.id)[0].job))
            let latch = ThreadLatch()
            async let made: Void = studio.publish(files: again, closing: { latch.hold() })
            try await latch.waitForHolders(1)
            async let second = studio.results.makeAgain(c, lost: [a]) { _ in }
            try await eventually("the reader waits for the end") {
                try await studio.database.withConnection { connection in
                    try connection.query(
                        """
                        SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """
                    ).count == 1
                }
            }
            latch.open()
            try await made
            #expect(try await second == .putOff)
            // It is there by now: nobody is left to wake the reader.
            #expect(try await studio.state(c.job) == .queued)
            for job in [b.job, c.job] { try await studio.make(job) }
            #expect(try await studio.state(of: first.id) == .succeeded)
        }
    }

    /// The statement is planned once, when hardly anything was ever made: a run of thousands of nodes that are all there must
    /// not read everything for each of them.
    @Test func lookingUpKeysReadsAsFewRowsForEachHoweverManyThereAre() async throws {
        try await StudioFixture.with(credits: 100_000) { studio in
            var configuration = PostgresConfiguration.patient(studio.uri, connections: 1)
            configuration.plansOnce = true
            let planned = try Database(configuration)
            let (results, project, tenant) = (CanvasResultStore(planned), studio.project, studio.tenant)
            func read() async throws -> Int {
                try await planned.withConnection { connection in
                    _ = try connection.query("SELECT pg_stat_force_next_flush()")
                    return try connection.query(
                        """
                        SELECT ((SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = ANY (t.names))
                            + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = ANY (t.names)))::bigint
                            AS rows
                        FROM (SELECT '{jobs,job_files,canvas_results,projects,function_revisions}'::name[] AS names) t
                        """
                    )[0].decode("rows")
                }
            }
            // Planned now, while nothing was ever made and PostgreSQL knows it.
            _ = try await planned.withConnection {
                try $0.execute("VACUUM ANALYZE canvas_results, jobs, job_files, projects, function_revisions")
            }
            _ = try await results.standings(of: [StudioFixture.key("none")], tenant: tenant, project: project)
            _ = try await results.files(of: [StudioFixture.key("none")], tenant: tenant)
            var costs: [Int] = []
            for count in [10, 60] {
                let names = (0..<count).map { "\(count)-\($0)" }
                let run = try await studio.start(names.map { try studio.node($0) })
                for name in names { try await studio.make(try #require(run.job(name))) }
                let before = try await read()
                let keys = names.map { StudioFixture.key($0) }
                let found = try await results.standings(of: keys, tenant: tenant, project: project)
                #expect(found.count == count && found.values.allSatisfy { $0.state == .finished })
                #expect(try await results.files(of: keys, tenant: tenant).count == count)
                costs.append((try await read() - before) / count)
            }
            await planned.close()
            #expect(costs[1] <= costs[0] + 1, "\(costs)")
        }
    }

    @Test func aFileIsNobodysWhereNoRowAndNoLivingJobNamesIt() async throws {
        try await StudioFixture.with { studio in
            let run = try await studio.start([studio.node("a"), studio.node("b")])
            let (a, b) = (try #require(run.job("a")), try #require(run.job("b")))
            func file(_ job: JobID, _ name: String) -> CanvasCacheFile {
                CanvasCacheFile(job: job, path: "05_Cache/canvas/\(StudioFixture.key(name))/\(job).png")
            }
            let unknown = CanvasCacheFile(job: JobID(), path: "05_Cache/canvas/x/y.png")
            let other = CanvasCacheFile(job: a, path: "05_Cache/canvas/x/\(a).notes.json")
            let all = [file(a, "a"), file(b, "b"), unknown, other]
            let project = studio.project
            // Both may be written any moment.
            #expect(try await studio.results.strays(among: all, of: project) == [unknown])
            try await studio.make(a)
            #expect(try await studio.results.strays(among: all, of: project) == [unknown, other])
            #expect(try await studio.results.strays(among: [file(a, "a")], of: ProjectID()) == [file(a, "a")])
            _ = try await studio.jobs.cancel(b)
            #expect(try await studio.results.strays(among: all, of: project) == [file(b, "b"), unknown, other])
            let removed = Mutex(0)
            func remove(_ file: CanvasCacheFile) async throws -> Bool {
                try await studio.results.removeStray(file, of: project) { removed.withLock { $0 += 1 } }
            }
            #expect(try await !remove(file(a, "a")))
            #expect(try await remove(file(b, "b")))
            // Retried meanwhile, it is about to be written again.
            _ = try await studio.jobs.retry(b)
            #expect(try await !remove(file(b, "b")))
            #expect(removed.withLock { $0 } == 1)
            #expect(try await studio.results.sweep(project, bytes: 1) { _ in }.files == 1)
            #expect(try await remove(file(a, "a")), "its row says that it is gone")
        }
    }

    @Test func whatWasThereIsThereAgainWhereItsReplacementFailsOrIsCancelled() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.start([studio.node("a")])
            let a = try #require(first.job("a"))
            try await studio.make(a)
            let forced = try await studio.start([studio.node("a", isForced: true)])
            let again = try #require(forced.job("a"))
            #expect(again != a)
            _ = try await studio.runs.cancel(forced.id, tenant: studio.tenant)
            let third = try await studio.start([studio.node("a"), studio.node("b", reads: [0])])
            #expect(third.nodes.map(\.origin) == [.cached, .made])
            #expect(third.job("a") == a && third.credits == 10)
            let found = try await studio.results.files(of: [StudioFixture.key("a")], tenant: studio.tenant)
            #expect(found[StudioFixture.key("a")]?.job == a)
            // It is kept from the broom while somebody is going to read it, and goes as any other afterwards.
            #expect(try await studio.results.sweep(studio.project, bytes: 1000) { _ in }.files == 0)
            try await studio.make(try #require(third.job("b")))
            #expect(try await studio.results.sweep(studio.project, bytes: 1000) { _ in }.files == 2)
            #expect(try await studio.start([studio.node("a")]).nodes.map(\.origin) == [.made])
        }
    }

    @Test func aPersonsRetryBeginsTheCountOfPutOffsAnew() async throws {
        try await StudioFixture.with { studio in
            let run = try await studio.start([studio.node("a"), studio.node("b", reads: [0])])
            let a = try #require(run.job("a"))
            try await studio.make(a)
            let b = try #require(run.job("b"))
            let claim = try await studio.claim(b)
            #expect(try await studio.results.makeAgain(claim, lost: [a]) { _ in } == .putOff)
            try await studio.make(try #require(try await studio.runs.nodes(of: run.id)[0].job))
            func putOffs() async throws -> Int {
                try await studio.database.withConnection {
                    try $0.query("SELECT put_offs FROM jobs WHERE id = $1", [.id(b)])[0].decode("put_offs")
                }
            }
            #expect(try await putOffs() == 1)
            _ = try await studio.jobs.cancel(b)
            _ = try await studio.jobs.retry(b)
            #expect(try await putOffs() == 0)
        }
    }

    @Test func aFileThatIsNoCanvasIsNotMadeAgain() async throws {
        try await StudioFixture.with { studio in
            let plain = try await studio.submit()
            try await studio.publish(try await studio.claim(plain))
            let reader = try await studio.claim(try await studio.submit(inputs: ["in": "job:\(plain)"]))
            #expect(try await studio.results.makeAgain(reader, lost: [plain]) { _ in } == .notOurs)
            #expect(try await studio.state(reader.job) == .running)
        }
    }

    @Test func cleaningTakesTheOldestAndNothingThatSomebodyIsGoingToRead() async throws {
        try await StudioFixture.with { studio in
            for name in ["a", "b", "c"] {
                let run = try await studio.start([studio.node(name)])
                try await studio.make(try #require(run.job(name)))
            }
            let reading = try await studio.start([studio.node("b"), studio.node("d", reads: [0])])
            _ = try await studio.start([studio.node("a")])
            #expect(try await studio.results.caches(above: 299).map(\.bytes) == [300])
            #expect(try await studio.results.caches(above: 300).isEmpty)
            let gone = Mutex<[String]>([])
            let first = try await studio.results.sweep(studio.project, bytes: 1) { file in
                gone.withLock { $0.append(String(file.path.split(separator: "/")[2])) }
            }
            // The run of `a` was the last: `c` is the oldest that nobody needs.
            #expect(gone.withLock { $0 } == [StudioFixture.key("c")])
            #expect(first.bytes == 100)
            let rest = try await studio.results.sweep(studio.project, bytes: 1000) { _ in }
            #expect(rest.files == 1)
            let standings = try await studio.results.standings(
                of: ["a", "b", "c"].map(StudioFixture.key), tenant: studio.tenant, project: studio.project)
            #expect(standings[StudioFixture.key("b")]?.state == .finished)
            #expect(standings[StudioFixture.key("a")]?.state == .gone)
            try await studio.make(try #require(reading.job("d")))
            let again = try await studio.start([studio.node("a")])
            #expect(again.nodes.map(\.origin) == [.made])
        }
    }

    @Test func damageToARunsRowsIsNamed() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let run = try await studio.start([studio.node("a"), studio.node("b", reads: [0])])
            #expect(try await studio.audit.run() == [])
            _ = try await studio.database.withConnection { connection in
                try connection.execute("UPDATE canvas_runs SET open_nodes = 1 WHERE id = $1", [.id(run.id)])
            }
            #expect(try await studio.audit.run().map(\.rule) == ["run-nodes"])
        }
    }
}
