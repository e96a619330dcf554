import FoundationEssentials
import QueueProtocol

/// The container agent of Amazon ECS, as far as it protects a task from scale-in: a PUT to
/// `$ECS_AGENT_URI/task-protection/v1/state`.
struct ECSAgent: Sendable {
    /// What became of a call.
    enum Outcome: Sendable, Hashable {
        case done
        /// The agent said no, and nothing has changed: the task belongs to no service, is being stopped, may not ask.
        case refused(String)
        /// Nobody knows whether it was done: no answer, or one of a server in trouble.
        case unknown(String)
    }

    private struct Wish: Encodable {
        let ProtectionEnabled: Bool
        let ExpiresInMinutes: Int?
    }

    /// The agent answers with one of the three; `failure` comes with status 200.
    private struct Answer: Decodable {
        struct Protection: Decodable {
            let ProtectionEnabled: Bool
        }
        struct Failure: Decodable {
            let Reason: String?
            let Detail: String?
        }
        struct Fault: Decodable {
            let Code: String?
            let Message: String?
        }

        let protection: Protection?
        let failure: Failure?
        let error: Fault?

        /// What it says went wrong, cut to what a log line needs.
        var reason: String? {
            let parts = failure.map { [$0.Reason, $0.Detail] } ?? error.map { [$0.Code, $0.Message] }
            let text = parts?.compactMap(\.self).joined(separator: ": ")
            return text.map { String($0.prefix(300)) }
        }
    }

    private let endpoint: URL

    /// The agent at the address that ECS gives to containers.
    ///
    /// - Parameter uri: What `ECS_AGENT_URI` holds.
    init(uri: URL) {
        endpoint = uri.appending(path: "task-protection/v1/state")
    }

    /// Protects the task, for so long, or gives the protection up.
    ///
    /// - Parameters:
    ///   - minutes: For how long; nil gives it up. Asked again it begins anew.
    ///   - limit: How long the call may take.
    /// - Returns: What became of it.
    func setProtection(minutes: Int?, within limit: Duration) async -> Outcome {
        do {
            let body = try JSONText.compact(
                Wish(ProtectionEnabled: minutes != nil, ExpiresInMinutes: minutes), sortedKeys: true)
            let reply = try await PlainHTTP.put(Array(body), to: endpoint, within: limit)
            let answer = try? JSONText.decode(Answer.self, from: Data(reply.body))
            switch (reply.status, answer) {
            case (200, let answer?) where answer.protection?.ProtectionEnabled == (minutes != nil): return .done
            case (200, let answer?) where answer.failure != nil: return .refused(answer.reason ?? "no reason given")
            case (400..<500, _): return .refused("status \(reply.status): \(answer?.reason ?? "no reason given")")
            default: return .unknown("status \(reply.status): \(answer?.reason ?? "an answer that says nothing")")
            }
        } catch {
            return .unknown("\(error)")
        }
    }
}
