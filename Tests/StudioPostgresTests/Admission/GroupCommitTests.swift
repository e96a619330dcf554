import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct GroupCommitTests {
    private func keyed(_ user: UserID, _ key: String, body: Character = "1") -> AdmissionUnit.KeyedAnswer {
        AdmissionUnit.KeyedAnswer(
            IdempotencyRequest(user: user, key: key, fingerprint: String(repeating: body, count: 64))
        ) { verdicts in IdempotentAnswer(status: 202, headers: [:], body: "\(verdicts.count)") }
    }

    /// How many transactions the events of these jobs were written by.
    private func transactions(of jobs: [JobID], _ studio: StudioFixture) async throws -> Int {
        try await studio.database.withConnection { connection in
            try connection.query(
                "SELECT count(DISTINCT xid) AS n FROM events WHERE job_id = ANY ($1)", [.ids(jobs)])[0].decode("n")
        }
    }

    @Test func whatArrivesTogetherIsCommittedTogether() async throws {
        try await StudioFixture.with { studio in
            let jobs = try (0..<50).map { _ in try studio.newJob() }
            let results = await JobAdmission(studio.database).admit(jobs.map { AdmissionUnit([$0]) })
            for (job, result) in zip(jobs, results) {
                guard case .decided(let verdicts) = try result.get(), case .admitted(let admitted) = verdicts[0] else {
                    Issue.record("\(result)")
                    continue
                }
                #expect(admitted.id == job.id && admitted.state == .queued && admitted.projectName == "film")
                let record = try #require(try await studio.jobs.get(job.id))
                #expect(AdmittedJob(record) == admitted)
                #expect(record.parameters == job.parameters)
            }
            #expect(try await transactions(of: jobs.map(\.id), studio) == 1)
            #expect(try await studio.account() == CreditAccount(available: 500, held: 500, settled: 0))
        }
    }

    @Test func aBadOneFailsAlone() async throws {
        try await StudioFixture.with(credits: 60) { studio in
            let admission = JobAdmission(studio.database)
            _ = try await admission.admit(AdmissionUnit([studio.newJob()], idempotency: keyed(studio.user, "used")))
            var vanished = try studio.newJob()
            vanished.project = ProjectID()
            var nobody = try studio.newJob(credits: 0)
            nobody.user = UserID()
            var unstorable = try studio.newJob()
            unstorable.parameters = ["prompt": "a\0b"]
            let units = [
                AdmissionUnit([try studio.newJob()]),
                AdmissionUnit([vanished]),
                AdmissionUnit([try studio.newJob(credits: 51)]),
                AdmissionUnit([try studio.newJob()], idempotency: keyed(studio.user, "used", body: "2")),
                AdmissionUnit([nobody]),
                AdmissionUnit([try studio.newJob()], idempotency: keyed(studio.user, "used")),
                AdmissionUnit([try studio.newJob(dependsOn: [JobID()])]),
                AdmissionUnit([unstorable]),
                AdmissionUnit([try studio.newJob(credits: 40)]),
                AdmissionUnit([try studio.newJob(credits: 1)]),
            ]
            let found = await admission.admit(units).map { result in
                switch result {
                case .success(.decided): "admitted"
                case .success(.replayed): "replayed"
                case .success(.run): "run"
                case .success(.refused(let errors)): errors[0]?.code.rawValue ?? "?"
                case .failure(let error as StudioError): error.code.rawValue
                case .failure(let error as PostgresError): error.code.rawValue
                case .failure(let error): "\(error)"
                }
            }
            #expect(
                found == [
                    "admitted", "not-found", "insufficient-credits", "idempotency-mismatch", "foreign-key-violation",
                    "replayed", "validation-failed", "invalid-value", "admitted", "insufficient-credits",
                ])
            #expect(try await studio.jobs.list(project: studio.project).count == 3)
            #expect(try await studio.account() == CreditAccount(available: 0, held: 60, settled: 0))
        }
    }

    @Test func aListIsAdmittedWholeOrNotAtAll() async throws {
        try await StudioFixture.with(credits: 25) { studio in
            let admission = JobAdmission(studio.database)
            let list = try (0..<3).map { _ in try studio.newJob() }
            guard
                case .refused(let errors) = try await admission.admit(
                    AdmissionUnit(list, idempotency: keyed(studio.user, "k")))
            else {
                Issue.record("admitted")
                return
            }
            #expect(errors.mapValues(\.code) == [2: .insufficientCredits])
            #expect(try await studio.account() == CreditAccount(available: 25, held: 0, settled: 0))
            #expect(try await studio.jobs.list(project: studio.project).isEmpty)
            // Its key is as good as new, and the part that can be paid for is admitted where that was asked for.
            guard
                case .decided(let verdicts) = try await admission.admit(
                    AdmissionUnit(list, isPartial: true, idempotency: keyed(studio.user, "k")))
            else {
                Issue.record("refused")
                return
            }
            let admitted = verdicts.map { if case .admitted = $0 { true } else { false } }
            #expect(admitted == [true, true, false])
            #expect(try await studio.account() == CreditAccount(available: 5, held: 20, settled: 0))
            guard case .replayed = try await admission.admit(AdmissionUnit(list, idempotency: keyed(studio.user, "k")))
            else {
                Issue.record("not replayed")
                return
            }
        }
    }

    @Test func oneKeyTwiceAtOnceIsOneJob() async throws {
        try await StudioFixture.with { studio in
            let units = try (0..<4).map { _ in
                AdmissionUnit([try studio.newJob()], idempotency: keyed(studio.user, "k"))
            }
            let results = await JobAdmission(studio.database).admit(units)
            let replayed = try results.map { if case .replayed = try $0.get() { true } else { false } }
            #expect(replayed == [false, true, true, true])
            #expect(try await studio.jobs.list(project: studio.project).count == 1)
        }
    }

    @Test func aJobThatIsThereIsKnownAndItsNeighboursAreAdmitted() async throws {
        try await StudioFixture.with { studio in
            let there = try studio.newJob()
            try await studio.admit(there)
            var stolen = try studio.newJob(id: there.id)
            stolen.user = UserID()
            let units = [
                AdmissionUnit([try studio.newJob()]), AdmissionUnit([there]), AdmissionUnit([stolen], mayBeKnown: true),
            ]
            let results = await JobAdmission(studio.database).admit(units)
            guard case .decided(let first) = try results[0].get(), case .admitted = first[0],
                case .decided(let second) = try results[1].get(), case .known(let known) = second[0],
                case .refused(let third) = try results[2].get()
            else {
                Issue.record("\(results)")
                return
            }
            #expect(known.id == there.id && third[0]?.code == .conflict)
            #expect(try await studio.account()?.held == 20)
        }
    }

    @Test func aJobPlannedForAProjectAsItWasIsPlannedAnew() async throws {
        try await StudioFixture.with { studio in
            var job = try studio.newJob()
            job.projectRevision = 0
            await #expect(throws: ProjectChanged.self) {
                _ = try await JobAdmission(studio.database).admit(AdmissionUnit([job]))
            }
            #expect(try await studio.account()?.held == 0)
        }
    }

    @Test func unitsOfManyUsersAtOnceDoNotStopEachOther() async throws {
        try await StudioFixture.with { studio in
            var users = [studio.user]
            for number in 0..<5 {
                let user = NewUser(email: "u\(number)@example.com", passwordHash: "x", roles: [.artist], credits: 1000)
                users.append(try await studio.users.create(user, tenant: studio.tenant).id)
            }
            let admission = JobAdmission(studio.database)
            await withTaskGroup(of: Void.self) { group in
                for round in 0..<12 {
                    let units = (0..<20).compactMap { number -> AdmissionUnit? in
                        guard var job = try? studio.newJob(credits: 1) else { return nil }
                        // In another order each time: locks taken as they come would stand in a circle.
                        job.user = users[(number * 5 + round) % users.count]
                        return AdmissionUnit([job], idempotency: keyed(job.user, "\(round)-\(number)"))
                    }
                    group.addTask {
                        for result in await admission.admit(units) {
                            if case .failure(let error) = result { Issue.record(error) }
                        }
                    }
                }
            }
            let admitted = try await studio.database.withConnection { connection in
                try connection.query("SELECT count(*) AS n FROM jobs")[0].decode("n", as: Int.self)
            }
            #expect(admitted == 240)
        }
    }
}
