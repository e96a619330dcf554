import Foundation
import QueueProtocol

/// Whether everybody was charged what they know of: what was answered as held for jobs that succeeded, and nothing else.
enum CreditVerdict {
    static func breaches(_ cast: Cast, _ book: PromiseBook, _ endings: [Ending], _ ports: [Int]) async throws
        -> [String]
    {
        var breaches: [String] = []
        let client = GatewayClient(ports)
        let endingOf = Dictionary(endings.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for (index, member) in cast.members.enumerated() {
            var known: [String: Int] = [:]
            for promise in book.promises where promise.member == index {
                for job in promise.jobs.values { known[job.id] = job.credits }
            }
            var settled = 0
            for ending in endings where ending.member == member.email && ending.state == "succeeded" {
                // The answer of some was lost, and a job that was refused its beginning held nothing.
                settled += known[ending.id] ?? ending.credits
            }
            for (job, held) in known where held != endingOf[job]?.credits && endingOf[job]?.state == "succeeded" {
                breaches.append(
                    "job \(job) was answered with \(held) credits held and costs \(endingOf[job]?.credits ?? 0)")
            }
            let me = try await client.insist(Request(method: "GET", path: "/api/v1/me", token: member.token)).json
            let account = ["available", "held", "settled"].map { me["credits"]?[$0]?.intValue ?? -1 }
            let expected = [member.granted - settled, 0, settled]
            if account != expected {
                breaches.append("\(member.email) has available, held, settled \(account) and should have \(expected)")
            }
        }
        return breaches
    }
}
