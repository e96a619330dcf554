import Logging
import QueueProtocol
import StudioPostgres
import StudioSystem
import Synchronization

/// Writes down together how attempts ended together: what ends while one transaction is under way waits for the next and
/// shares it. An attempt that ends alone waits for nobody.
///
/// Whoever finds nobody at it leads: it writes for all that wait, gives each its own answer, and hands over to the next.
final class EndsTogether: Sendable {
    /// How many ends share a transaction at most.
    static let most = 256

    /// Writes some endings down in one transaction, or throws and has written none.
    typealias Write = @Sendable ([AttemptEnding]) async throws -> EndedAttempts

    private struct Waiting {
        let ending: AttemptEnding
        let continuation: CheckedContinuation<Turn, Never>
    }

    private enum Turn {
        case written(Result<AttemptEnd, any Error>)
        case lead
    }

    private struct State {
        var isLed = false
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())
    private let write: Write
    private let announce: @Sendable () async -> Void
    private let logger: Logger

    /// Ends of one worker's attempts.
    ///
    /// - Parameters:
    ///   - write: Writes some endings down.
    ///   - announce: Called after what was written; tells those who watch.
    ///   - logger: Where it tells that a shared transaction failed.
    init(write: @escaping Write, announce: @escaping @Sendable () async -> Void, logger: Logger) {
        self.write = write
        self.announce = announce
        self.logger = logger
    }

    /// How many wait for the transaction under way.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Writes down how an attempt ended; returns when that is committed.
    ///
    /// - Parameter ending: The attempt and how it ended.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost` where the claim is no longer the job's; `PostgresError`.
    func settle(_ ending: AttemptEnding) async throws -> AttemptEnd {
        let turn: Turn = await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                guard state.isLed else {
                    state.isLed = true
                    return true
                }
                state.waiting.append(Waiting(ending: ending, continuation: continuation))
                return false
            }
            if isFirst { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .written(let result): return try result.get()
        case .lead: return try await lead(ending).get()
        }
    }

    private func lead(_ own: AttemptEnding) async -> Result<AttemptEnd, any Error> {
        let others = state.withLock { state in
            let others = Array(state.waiting.prefix(Self.most - 1))
            state.waiting.removeFirst(others.count)
            return others
        }
        let results = await results(of: [own] + others.map(\.ending))
        for (other, result) in zip(others, results.dropFirst()) {
            other.continuation.resume(returning: .written(result))
        }
        let next = state.withLock { state -> Waiting? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isLed = false
            return nil
        }
        next?.continuation.resume(returning: .lead)
        if results.contains(where: { (try? $0.get()) != nil }) { await announce() }
        return results[0]
    }

    /// Writes endings down: together, or one by one where one of them cannot be written.
    private func results(of endings: [AttemptEnding]) async -> [Result<AttemptEnd, any Error>] {
        do {
            let ended = try await write(endings)
            for function in ended.blockedFunctions {
                logger.error(
                    "this worker has failed a function three times in a row and is not given it any more",
                    metadata: [LogKey.function: "\(function)"])
            }
            return zip(endings, ended.ends).map { ending, end in
                end.map { .success($0) } ?? .failure(LeaseLost(claim: ending.claim))
            }
        } catch let error as PostgresError where error.isTransient || endings.count == 1 {
            // PostgreSQL is away, or busy: for all of them alike.
            return endings.map { _ in .failure(error) }
        } catch {
            guard endings.count > 1 else { return [.failure(error)] }
            logger.warning(
                "one of several ends cannot be written down; each is tried alone",
                metadata: [LogKey.error: "\(error)", "ends": "\(endings.count)"])
            var results: [Result<AttemptEnd, any Error>] = []
            for ending in endings { results += await self.results(of: [ending]) }
            return results
        }
    }
}
