import Logging
import QueueProtocol
import StudioPostgres
import StudioSystem

/// Writes down together how attempts ended together; see ``Together``. An attempt that ends alone waits for nobody.
final class EndsTogether: Sendable {
    /// How many ends share a transaction at most.
    static let most = 256

    /// Writes some endings down in one transaction, or throws and has written none.
    typealias Write = @Sendable ([AttemptEnding]) async throws -> EndedAttempts

    private let ends: Together<AttemptEnding, AttemptEnd>

    /// Ends of one worker's attempts.
    ///
    /// - Parameters:
    ///   - write: Writes some endings down.
    ///   - announce: Called after what was written; tells those who watch.
    ///   - logger: Where it tells that a shared transaction failed.
    init(write: @escaping Write, announce: @escaping @Sendable () async -> Void, logger: Logger) {
        ends = Together(
            most: Self.most,
            carryOut: { endings in
                await Together<AttemptEnding, AttemptEnd>.write(endings, "ends", logger: logger) { endings in
                    let ended = try await write(endings)
                    for function in ended.blockedFunctions {
                        logger.error(
                            "this worker has failed a function three times in a row and is not given it any more",
                            metadata: [LogKey.function: "\(function)"])
                    }
                    for (whole, part) in ended.withoutParts {
                        logger.notice(
                            "a film is made in one piece, since a chunk of it cannot be made of its source",
                            metadata: [LogKey.job: "\(whole)", "chunk": "\(part)"])
                    }
                    return zip(endings, ended.ends).map { ending, end in
                        end.map { .success($0) } ?? .failure(LeaseLost(claim: ending.claim))
                    }
                }
            }, afterwards: { if $0.contains(where: { (try? $0.get()) != nil }) { await announce() } })
    }

    /// How many wait for the transaction under way.
    var waiting: Int { ends.waiting }

    /// Writes down how an attempt ended; returns when that is committed.
    ///
    /// - Parameter ending: The attempt and how it ended.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost` where the claim is no longer the job's; `PostgresError`.
    func settle(_ ending: AttemptEnding) async throws -> AttemptEnd { try await ends.answer(to: ending) }
}
