import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Jobs that are made for another alone, as rows: they live and end with it.
@Suite struct JobPartTests {
    private struct Film {
        var parts: [JobID]
        var whole: JobID
    }

    /// Three parts and their whole, admitted together.
    private func film(_ studio: StudioFixture, quota: Int = 0) async throws -> Film {
        let ids = (0..<4).map { _ in JobID() }.sorted()
        var jobs = try (0..<3).map { number in
            var part = try studio.newJob(id: ids[number])
            part.destination = .cache(path: "05_Cache/exports/x/chunk-\(number).mp4")
            (part.shot, part.credits) = (nil, 0)
            return part
        }
        var whole = try studio.newJob(
            id: ids[3], dependsOn: jobs.map(\.id), inputs: ["chunks/0": "job:\(jobs[0].id)"])
        whole.destination = .export(path: "06_Exports/x.mp4", replaces: false)
        whole.shot = nil
        for index in jobs.indices { jobs[index].partOf = whole.id }
        let admission = JobAdmission(studio.database, activeJobsPerUser: quota)
        guard case .decided(let verdicts) = try await admission.admit(AdmissionUnit(jobs + [whole])) else {
            throw TestKitError("the unit was refused")
        }
        #expect(verdicts.count == 4)
        return Film(parts: jobs.map(\.id), whole: whole.id)
    }

    private func publish(_ job: JobID, _ path: String, _ studio: StudioFixture) async throws {
        let claim = try await studio.claim(job)
        let store = JobFileStore(studio.database)
        let file = FinishedJobFile(
            port: "film", path: path, isPrimary: true, mediaType: "video/mp4",
            sha256: String(repeating: "c", count: 64), sizeBytes: 5)
        try await store.record(FileRecording(claim, [file]))
        try await store.publish(FilePublication(claim))
    }

    private func states(_ film: Film, _ studio: StudioFixture) async throws -> [JobState] {
        try await studio.jobs.parts(of: film.whole).map(\.state)
    }

    @Test func partsAndTheirWholeTakeOnePlaceAndCostOnce() async throws {
        try await StudioFixture.with(credits: 25) { studio in
            let film = try await film(studio, quota: 1)
            #expect(try await studio.account()?.held == 10)
            #expect(try await studio.state(film.whole) == .waiting)
            #expect(try await states(film, studio) == [.queued, .queued, .queued])
            #expect(try await studio.jobs.get(film.parts[0])?.partOf == film.whole)
            for (number, part) in film.parts.enumerated() {
                try await publish(part, "05_Cache/exports/x/chunk-\(number).mp4", studio)
            }
            #expect(try await studio.state(film.whole) == .queued)
        }
    }

    @Test func aWholeThatIsCancelledTakesItsPartsWithIt() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            try await publish(film.parts[0], "05_Cache/exports/x/chunk-0.mp4", studio)
            let running = try await studio.claim(film.parts[1])
            #expect(try await studio.jobs.cancel(film.whole).effect == .cancelled)
            #expect(try await states(film, studio) == [.succeeded, .running, .cancelled])
            #expect(try await studio.jobs.get(film.parts[1])?.cancelRequestedAt != nil)
            // What is still being stopped cannot begin anew; what is stopped can, and what was made stays.
            await expectRefusal(.conflict) { _ = try await studio.jobs.retry(film.whole) }
            _ = try await studio.jobs.finishCancelled(running)
            await expectRefusal(.conflict) { _ = try await studio.jobs.retry(film.parts[1]) }
            #expect(try await studio.jobs.retry(film.whole).state == .waiting)
            #expect(try await states(film, studio) == [.succeeded, .queued, .queued])
            #expect(try await studio.account()?.held == 10)
        }
    }

    @Test func aPartThatFailsEndsTheOthers() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            let claim = try await studio.claim(film.parts[1])
            _ = try await studio.jobs.fail(claim, failure: JobFailure(.inputInvalid, "no"), retryDelay: .zero)
            let told = try await studio.jobs.get(film.whole)?.failure
            #expect(told?.code == .dependencyFailed && told?.message == "a part of it failed: no")
            #expect(try await states(film, studio) == [.cancelled, .failed, .cancelled])
            #expect(try await studio.account()?.held == 0)
            #expect(try await studio.jobs.retry(film.whole).state == .waiting)
            #expect(try await states(film, studio) == [.queued, .queued, .queued])
        }
    }

    @Test func aPartThatAnotherHeldIsFoundByTheNextLook() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            _ = try await studio.database.transaction { connection in
                // As if the row had been locked by somebody while the whole ended.
                try connection.execute("ALTER TABLE jobs DISABLE TRIGGER jobs_end_with_whole")
            }
            _ = try await studio.jobs.cancel(film.whole)
            _ = try await studio.database.transaction { connection in
                try connection.execute("ALTER TABLE jobs ENABLE TRIGGER jobs_end_with_whole")
            }
            #expect(try await states(film, studio) == [.queued, .queued, .queued])
            #expect(try await studio.jobs.stopLeftParts() == 3)
            #expect(try await states(film, studio) == [.cancelled, .cancelled, .cancelled])
            #expect(try await studio.jobs.stopLeftParts() == 0)
        }
    }

    @Test func priorityAndHoldGoToThePartsToo() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            let tenant = try #require(try await studio.jobs.get(film.whole)).tenant
            _ = try await studio.claim(film.parts[0])
            _ = try await studio.jobs.change(film.whole, JobChange(priority: 9, isHeld: true), tenant: tenant)
            let priorities = try await film.parts.asyncMap { try await studio.jobs.get($0)?.priority }
            #expect(priorities == [5, 9, 9])
            #expect(try await studio.jobs.get(film.parts[2])?.heldAt != nil)
        }
    }

    @Test func filesOfPartsGoWhenTheWholeIsThereAndNobodyElseReadsThem() async throws {
        try await StudioFixture.with { studio in
            let (film, store) = (try await film(studio), JobFileStore(studio.database))
            let removed = Watched<[String]>([])
            let remove: @Sendable ([JobFileRecord]) -> Void = { files in
                removed.update { $0 += files.map(\.path) }
            }
            for (number, part) in film.parts.enumerated() {
                try await publish(part, "05_Cache/exports/x/chunk-\(number).mp4", studio)
            }
            try await store.removeParts(of: film.whole, remove: remove)
            #expect(removed.value.isEmpty)
            let reader = try await studio.submit(inputs: ["source": "job:\(film.parts[2])"])
            try await publish(film.whole, "06_Exports/x.mp4", studio)
            #expect(try await store.wholesWithFiles(limit: 10) == [film.whole])
            try await store.removeParts(of: film.whole, remove: remove)
            #expect(removed.value == ["05_Cache/exports/x/chunk-0.mp4", "05_Cache/exports/x/chunk-1.mp4"])
            #expect(try await store.list(of: film.parts[0]).first?.removedAt != nil)
            _ = try await studio.jobs.cancel(reader)
            #expect(try await store.wholesWithFiles(limit: 10) == [film.whole])
            try await store.removeParts(of: film.whole, remove: remove)
            #expect(removed.value.last == "05_Cache/exports/x/chunk-2.mp4")
            #expect(try await store.wholesWithFiles(limit: 10).isEmpty)
            #expect(try await store.list(of: film.whole).first?.removedAt == nil)
        }
    }
}

extension [JobID] {
    fileprivate func asyncMap<T>(_ body: (JobID) async throws -> T) async rethrows -> [T] {
        var made: [T] = []
        for id in self { made.append(try await body(id)) }
        return made
    }
}
