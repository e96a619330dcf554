import Logging
import StudioPostgres
import StudioSystem
import Synchronization

/// Carries out together what is asked for together: what comes while one round is under way waits for the next and shares it.
/// What comes alone waits for nobody.
///
/// Whoever finds nobody at it leads: it carries out what all ask that wait, gives each its own answer, and hands over to the
/// next.
final class Together<Request: Sendable, Answer: Sendable>: Sendable {
    /// For each request its answer, in their order.
    typealias Answers = [Result<Answer, any Error>]

    private struct Waiting {
        let request: Request
        let continuation: CheckedContinuation<Turn, Never>
    }

    private enum Turn {
        case answered(Result<Answer, any Error>)
        case lead
    }

    private struct State {
        var isLed = false
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())
    private let most: Int
    private let carryOut: @Sendable ([Request]) async -> Answers
    private let afterwards: @Sendable (Answers) async -> Void

    /// What is asked of one worker.
    ///
    /// - Parameters:
    ///   - most: How many share a round at most.
    ///   - carryOut: Carries out some requests.
    ///   - afterwards: Called after each round, when the next may have begun; default nothing.
    init(
        most: Int, carryOut: @escaping @Sendable ([Request]) async -> Answers,
        afterwards: @escaping @Sendable (Answers) async -> Void = { _ in }
    ) {
        self.most = most
        self.carryOut = carryOut
        self.afterwards = afterwards
    }

    /// How many wait for the round under way.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Has a request carried out; returns when that is done.
    ///
    /// - Parameter request: The request.
    /// - Returns: Its answer.
    /// - Throws: What stood against it.
    func answer(to request: Request) async throws -> Answer {
        let turn: Turn = await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                guard state.isLed else {
                    state.isLed = true
                    return true
                }
                state.waiting.append(Waiting(request: request, continuation: continuation))
                return false
            }
            if isFirst { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .answered(let result): return try result.get()
        case .lead: return try await lead(request).get()
        }
    }

    private func lead(_ own: Request) async -> Result<Answer, any Error> {
        let others = state.withLock { state in
            let others = Array(state.waiting.prefix(most - 1))
            state.waiting.removeFirst(others.count)
            return others
        }
        let results = await carryOut([own] + others.map(\.request))
        for (other, result) in zip(others, results.dropFirst()) {
            other.continuation.resume(returning: .answered(result))
        }
        let next = state.withLock { state -> Waiting? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isLed = false
            return nil
        }
        next?.continuation.resume(returning: .lead)
        await afterwards(results)
        return results[0]
    }

    /// Writes requests down in one transaction, or one by one where one of them cannot be written.
    ///
    /// - Parameters:
    ///   - requests: The requests.
    ///   - what: What they are, for the log.
    ///   - logger: Where it tells that a shared transaction failed.
    ///   - write: Writes some of them down, or throws and has written none.
    /// - Returns: The answers.
    static func write(
        _ requests: [Request], _ what: String, logger: Logger, _ write: @Sendable ([Request]) async throws -> Answers
    ) async -> Answers {
        do {
            return try await write(requests)
        } catch let error as PostgresError where error.isTransient || requests.count == 1 {
            // PostgreSQL is away, or busy: for all of them alike.
            return requests.map { _ in .failure(error) }
        } catch {
            guard requests.count > 1 else { return [.failure(error)] }
            logger.warning(
                "one of several \(what) cannot be written down; each is tried alone",
                metadata: [LogKey.error: "\(error)", "count": "\(requests.count)"])
            var results: Answers = []
            for request in requests { results += await Self.write([request], what, logger: logger, write) }
            return results
        }
    }
}
