import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// A film that the studio cut by itself, of which a chunk cannot be made: the job that was asked for makes it in one piece.
@Suite struct JobWithoutPartsTests {
    private struct Film {
        var chunks: [JobID]
        var sound: JobID
        var whole: JobID
        var parts: [JobID] { chunks + [sound] }
    }

    /// Three chunks, the sound and their whole, admitted together, the chunks as ones that can be spared.
    private func film(_ studio: StudioFixture) async throws -> Film {
        let ids = (0..<5).map { _ in JobID() }.sorted()
        var jobs = try (0..<4).map { number in
            var part = try studio.newJob(id: ids[number])
            part.destination = .cache(path: "05_Cache/exports/x/part-\(number).mp4")
            (part.shot, part.credits, part.partOf, part.isSpared) = (nil, 0, ids[4], number < 3)
            return part
        }
        var inputs = ["source": "01_Assets/a.mov", "sound": "job:\(ids[3])"]
        for number in 0..<3 { inputs["chunks/\(number)"] = "job:\(ids[number])" }
        jobs.append(try studio.newJob(id: ids[4], inputs: inputs))
        guard case .decided = try await JobAdmission(studio.database).admit(AdmissionUnit(jobs)) else {
            throw TestKitError("the unit was refused")
        }
        return Film(chunks: Array(ids[..<3]), sound: ids[3], whole: ids[4])
    }

    private func states(_ film: Film, _ studio: StudioFixture) async throws -> [JobState] {
        try await studio.jobs.parts(of: film.whole).map(\.state)
    }

    private func fail(_ claim: HeldClaim, _ code: FailureCode, _ studio: StudioFixture) async throws -> EndedAttempts {
        let failure = JobFailure(code, "no", retryable: false)
        return try await studio.jobs.end([AttemptEnding(claim, .failed(failure, retryDelay: .zero))])
    }

    private func expectSound(_ studio: StudioFixture) async throws {
        #expect(try await StoreAudit(studio.database).run().isEmpty)
    }

    @Test func theWholeIsQueuedWithoutItsPartsWhereAChunkCannotBeMadeOfItsSource() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            let running = try await studio.claim(film.chunks[0])
            let broken = try await studio.claim(film.chunks[1])
            let ended = try await fail(broken, .inputInvalid, studio)
            #expect(ended.withoutParts == [film.whole: film.chunks[1]])
            #expect(ended.ends == [.failed(failedDependents: [])])
            let whole = try #require(try await studio.jobs.get(film.whole))
            #expect(whole.state == .queued && whole.pushedAt == nil && whole.dependsOn.isEmpty)
            #expect(whole.inputs == ["source": "01_Assets/a.mov"])
            // What is under way for nothing is stopped; nothing is paid twice, nothing given back.
            #expect(try await states(film, studio) == [.running, .failed, .cancelled, .cancelled])
            #expect(try await studio.jobs.get(film.chunks[0])?.cancelRequestedAt != nil)
            #expect(try await studio.jobs.parts(of: film.whole).allSatisfy(\.isDropped))
            #expect(try await studio.account()?.held == 10)
            try await expectSound(studio)
            _ = try await studio.jobs.finishCancelled(running)
            // The worker that makes it dies: it is made by another, still in one piece.
            _ = try await studio.claim(film.whole)
            _ = try await studio.database.transaction { connection in
                try connection.execute(
                    "UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE state = 'running'")
            }
            #expect(try await studio.jobs.returnExpiredLeases(limit: 10).map(\.claim.job) == [film.whole])
            #expect(try await studio.jobs.get(film.whole)?.inputs == ["source": "01_Assets/a.mov"])
            // It fails in one piece as well: that is final, and a retry makes no chunks either.
            #expect(try await fail(studio.claim(film.whole), .inputInvalid, studio).withoutParts.isEmpty)
            #expect(try await studio.state(film.whole) == .failed)
            #expect(try await studio.jobs.retry(film.whole).state == .queued)
            #expect(try await states(film, studio) == [.cancelled, .failed, .cancelled, .cancelled])
            try await expectSound(studio)
        }
    }

    @Test func whatFailsForAnotherReasonFailsTheWhole() async throws {
        for code in [FailureCode.runnerFailed, .outOfMemory, .parametersInvalid] {
            try await StudioFixture.with { studio in
                let film = try await film(studio)
                #expect(try await fail(studio.claim(film.chunks[1]), code, studio).withoutParts.isEmpty)
                #expect(try await studio.state(film.whole) == .failed)
            }
        }
        // The sound is made as in one piece: what cannot be made of it cannot be made there.
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            #expect(try await fail(studio.claim(film.sound), .inputInvalid, studio).withoutParts.isEmpty)
            #expect(try await studio.state(film.whole) == .failed)
            #expect(try await states(film, studio) == [.cancelled, .cancelled, .cancelled, .failed])
            try await expectSound(studio)
        }
    }

    @Test func twoChunksThatFailTogetherMakeOneFilm() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            let claims = [try await studio.claim(film.chunks[0]), try await studio.claim(film.chunks[2])]
            let failure = JobFailure(.inputInvalid, "no")
            let ended = try await studio.jobs.end(
                claims.map { AttemptEnding($0, .failed(failure, retryDelay: .zero)) })
            #expect(ended.withoutParts.keys.sorted() == [film.whole])
            #expect(try await studio.state(film.whole) == .queued)
            #expect(try await states(film, studio) == [.failed, .cancelled, .failed, .cancelled])
            try await expectSound(studio)
        }
    }

    @Test func aPartThatAnotherHeldIsFoundByTheNextLook() async throws {
        try await StudioFixture.with { studio in
            let film = try await film(studio)
            let broken = try await studio.claim(film.chunks[1])
            _ = try await studio.database.transaction { connection in
                // As if the rows had been locked by somebody at that moment.
                try connection.execute("ALTER TABLE jobs DISABLE TRIGGER jobs_go_on_without_parts")
            }
            _ = try await fail(broken, .inputInvalid, studio)
            _ = try await studio.database.transaction { connection in
                try connection.execute("ALTER TABLE jobs ENABLE TRIGGER jobs_go_on_without_parts")
            }
            #expect(try await states(film, studio) == [.queued, .failed, .queued, .queued])
            #expect(try await studio.jobs.stopLeftParts() == 3)
            #expect(try await states(film, studio) == [.cancelled, .failed, .cancelled, .cancelled])
            #expect(try await studio.state(film.whole) == .queued)
        }
    }
}
