import QueueProtocol
import StudioCore
import Synchronization

/// Admits jobs, many requests in one transaction: what arrives together is committed together, with one fsync, and each
/// is answered for itself. A request that is refused never fails its neighbours.
package final class JobAdmission: Sendable {
    let database: Database
    private let activeJobsPerUser: Int
    private let mayPush: @Sendable (NewJob) -> Bool
    /// Digests of function revisions that are committed: they are never removed.
    private let knownRevisions = Mutex<Set<String>>([])

    /// The way in.
    ///
    /// - Parameters:
    ///   - database: Where jobs are kept.
    ///   - activeJobsPerUser: How many that are not finished a user may have; default 0, no limit.
    ///   - mayPush: Whether a job that is ready goes to the runway at once, marked as pushed by the very insert; the caller
    ///     then sends its message. Default no: it goes to the backlog.
    package init(
        _ database: Database, activeJobsPerUser: Int = 0, mayPush: @escaping @Sendable (NewJob) -> Bool = { _ in false }
    ) {
        self.database = database
        self.activeJobsPerUser = activeJobsPerUser
        self.mayPush = mayPush
    }

    /// Admits one unit by itself.
    ///
    /// - Parameter unit: What to admit.
    /// - Returns: What became of it.
    /// - Throws: `StudioError` where its idempotency key stands against it; `PostgresError`. Then nothing was kept.
    package func admit(_ unit: AdmissionUnit) async throws -> UnitAdmission {
        try await admit([unit])[0].get()
    }

    /// Admits units together.
    ///
    /// Where the answer to COMMIT is lost it looks again: the same job id is admitted once.
    ///
    /// - Parameter units: What to admit, in the order in which credits and places are given.
    /// - Returns: What became of each, in that order.
    package func admit(_ units: [AdmissionUnit]) async -> [Result<UnitAdmission, any Error>] {
        var results: [Result<UnitAdmission, any Error>?] = Array(repeating: nil, count: units.count)
        for round in Self.rounds(units) {
            for (place, result) in zip(round, await admitTogether(round.map { units[$0] })) { results[place] = result }
        }
        return results.map { $0 ?? .failure(PostgresError(.decoding)) }
    }

    /// Units that share an idempotency key or a job's id are admitted one after the other, and so are runs of one tenant: the
    /// later ones then see what the first one did.
    private static func rounds(_ units: [AdmissionUnit]) -> [[Int]] {
        var rounds: [[Int]] = []
        var left = Array(units.indices)
        while !left.isEmpty {
            var keys: Set<String> = []
            var ids: Set<JobID> = []
            var round: [Int] = []
            var later: [Int] = []
            for place in left {
                var own = [units[place].idempotency.map { "\($0.request.user) \($0.request.key)" }].compactMap { $0 }
                if let run = units[place].run { own.append("run \(run.tenant)") }
                if own.allSatisfy({ !keys.contains($0) }), units[place].jobs.allSatisfy({ !ids.contains($0.id) }) {
                    round.append(place)
                    keys.formUnion(own)
                    ids.formUnion(units[place].jobs.map(\.id))
                } else {
                    later.append(place)
                }
            }
            rounds.append(round)
            left = later
        }
        return rounds
    }

    private func admitTogether(_ units: [AdmissionUnit]) async -> [Result<UnitAdmission, any Error>] {
        do {
            return try await commit(units, looksForKnown: false)
        } catch let error as PostgresError where Self.mayBeKnown(error) {
            do {
                return try await commit(units, looksForKnown: true)
            } catch {
                return await oneByOne(units, after: error)
            }
        } catch {
            return await oneByOne(units, after: error)
        }
    }

    /// A value that PostgreSQL refuses (a NUL in a JSON text, a user who is gone) fails the whole statement: halves are
    /// tried by themselves until the one that has it stands alone.
    private func oneByOne(_ units: [AdmissionUnit], after error: any Error) async -> [Result<UnitAdmission, any Error>]
    {
        guard units.count > 1, let fault = error as? PostgresError, fault.code.isAboutAValue else {
            return units.map { _ in .failure(JobStore.refusal(of: error) ?? error) }
        }
        let half = units.count / 2
        let first = await admitTogether(Array(units[..<half]))
        return await first + admitTogether(Array(units[half...]))
    }

    private static func mayBeKnown(_ error: PostgresError) -> Bool {
        error.code == .commitUnknown || (error.code == .uniqueViolation && error.constraint == "jobs_pkey")
    }

    private func commit(
        _ units: [AdmissionUnit], looksForKnown: Bool
    ) async throws -> [Result<UnitAdmission, any Error>] {
        let known = knownRevisions.withLock { $0 }
        let limit = activeJobsPerUser
        let mayPush = mayPush
        let (decided, added, keyed) = try await database.transaction { connection in
            var batch = try AdmissionBatch(
                units, activeJobsPerUser: limit, looksForKnown: looksForKnown, mayPush: mayPush, on: connection)
            batch.decide()
            let written = try batch.write(knownRevisions: known, on: connection)
            return (batch.results, written.revisions, batch.refusedWithKey + written.keyUsed)
        }
        if !added.isSubset(of: known) { knownRevisions.withLock { $0.formUnion(added) } }
        var results = decided
        // A key that was used decides whatever else was to be said, also of a request that would be refused now.
        for (place, answer) in try await firstAnswers(to: units, at: keyed) { results[place] = answer }
        return results
    }
}

extension JobAdmission {
    /// What the keys of some units were given first; nothing where a key is free.
    private func firstAnswers(
        to units: [AdmissionUnit], at places: [Int]
    ) async throws -> [Int: Result<UnitAdmission, any Error>] {
        let requests = places.compactMap { place in units[place].idempotency.map { (place, $0.request) } }
        guard !requests.isEmpty else { return [:] }
        let found = try await database.withConnection { [database] connection in
            try IdempotencyStore(database).firstAnswers(to: requests.map(\.1), on: connection)
        }
        var answers: [Int: Result<UnitAdmission, any Error>] = [:]
        for (place, request) in requests {
            switch found[request] {
            case .replay(let answer)?: answers[place] = .success(.replayed(answer))
            case .mismatch?: answers[place] = .failure(IdempotencyStore.mismatch)
            case .inProgress?: answers[place] = .failure(IdempotencyStore.inProgress)
            case .fresh?, nil: break
            }
        }
        return answers
    }
}

extension PostgresError.Code {
    /// Whether a value of one row is to blame, so that other rows may pass without it.
    fileprivate var isAboutAValue: Bool {
        switch self {
        case .uniqueViolation, .checkViolation, .foreignKeyViolation, .invalidValue, .decoding, .server: true
        case .unavailable, .overloaded, .commitUnknown, .serializationFailure, .deadlock, .timeout, .cancelled,
            .diskFull,
            .readOnly:
            false
        }
    }
}
