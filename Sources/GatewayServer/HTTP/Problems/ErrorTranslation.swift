import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import StudioCore
import StudioPostgres
import StudioRedis

extension Problem {
    /// What any error that reaches the border is to the one who asked, and what the log is told.
    ///
    /// Nothing of an unknown error gets out: it is `internal-error`, and the log has the detail under the request's id.
    ///
    /// - Parameters:
    ///   - error: What a route threw.
    ///   - logger: The request's logger.
    /// - Returns: The problem.
    static func translating(_ error: any Error, logger: Logger) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as StudioError: return translating(error, logger: logger)
        case let refusal as CanvasRefusal: return refusal.problem
        case let error as PostgresError:
            logger.error(
                "request.database-fault",
                metadata: ["reason": "\(error)", "detail": "\(error.operatorDetail ?? "")"])
            return Problem(error.asStudioError)
        case let error as RedisError:
            logger.error("request.redis-fault", metadata: ["reason": "\(error)"])
            return Problem(StudioError(.unavailable, "the studio's queue is away; please try again"))
        case is CancellationError, is ChannelError, is IOError:
            return Problem(StudioError(.unavailable, "the request was interrupted"))
        default:
            logger.error(
                "request.fault", metadata: ["reason": "\(String(reflecting: error))", "type": "\(type(of: error))"])
            return Problem(internalFault)
        }
    }

    private static func translating(_ error: StudioError, logger: Logger) -> Problem {
        guard error.code == .internalFault else { return Problem(error) }
        logger.error("request.fault", metadata: ["reason": "\(error)"])
        return Problem(internalFault)
    }

    private static let internalFault = StudioError(
        .internalFault, "the studio could not answer this request; its log says why under the request's id")
}
