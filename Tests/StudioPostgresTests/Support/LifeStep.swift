import QueueProtocol
import StudioCore
import StudioTestKit

@testable import StudioPostgres

/// One thing that somebody does to jobs. A value, so that a life that went wrong can be lived again with fewer of them:
/// numbers stand for whatever job or claim has that place then, counted round.
enum LifeStep: CustomStringConvertible, Sendable {
    enum Ending: String, CaseIterable, Sendable {
        case succeeded, failed, failedForGood, released, cancelled

        var outcome: JobAttempt.Outcome {
            switch self {
            case .succeeded: .succeeded
            case .failed, .failedForGood: .failed
            case .released: .released
            case .cancelled: .cancelled
            }
        }

        var failure: JobFailure? {
            switch self {
            case .failed: JobFailure(.runnerFailed, "exit 1")
            case .failedForGood: JobFailure(.inputInvalid, "no media")
            case .succeeded, .released, .cancelled: nil
            }
        }
    }

    case submit(credits: Int, maxAttempts: Int, makesTake: Bool, upstream: [Int])
    case claim([Int])
    /// The take of one attempt is published, where its job makes one; otherwise it just succeeds.
    case succeed(claim: Int)
    /// Attempts end together.
    case end([(claim: Int, Ending)])
    case cancel(Int)
    case retry(Int)
    /// The leases of these run out, and the recovery looks.
    case expire([Int])

    var description: String {
        switch self {
        case .submit(let credits, let attempts, let makesTake, let upstream):
            "submit(credits: \(credits), maxAttempts: \(attempts), makesTake: \(makesTake), upstream: \(upstream))"
        case .claim(let jobs): "claim(\(jobs))"
        case .succeed(let claim): "succeed(claim: \(claim))"
        case .end(let endings): "end([" + endings.map { "(\($0.claim), .\($0.1))" }.joined(separator: ", ") + "])"
        case .cancel(let job): "cancel(\(job))"
        case .retry(let job): "retry(\(job))"
        case .expire(let jobs): "expire(\(jobs))"
        }
    }

    /// A life of so many steps.
    static func life(_ count: Int, using random: inout SeededGenerator) -> [LifeStep] {
        (0..<count).map { _ in step(using: &random) }
    }

    private static func step(using random: inout SeededGenerator) -> LifeStep {
        func number() -> Int { Int.random(in: 0..<1000, using: &random) }
        func numbers(_ range: ClosedRange<Int>) -> [Int] {
            (0..<Int.random(in: range, using: &random)).map { _ in number() }
        }
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5:
            return .submit(
                credits: Int.random(in: 0...20, using: &random), maxAttempts: Int.random(in: 1...4, using: &random),
                makesTake: Bool.random(using: &random), upstream: numbers(0...2))
        case 5..<9: return .claim(numbers(1...4))
        case 9..<11: return .succeed(claim: number())
        case 11..<15:
            return .end(
                numbers(1...4).map { claim in (claim: claim, Ending.allCases.randomElement(using: &random) ?? .failed) }
            )
        case 15..<16: return .cancel(number())
        case 16..<18: return .retry(number())
        default: return .expire(numbers(1...2))
        }
    }
}
