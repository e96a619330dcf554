import Foundation
import QueueProtocol
import StudioTestKit

/// Makes up the orders of one client; a matter of its chance alone, but for the jobs it refers to.
struct OrderBook: Sendable {
    /// Shots that takes crowd into.
    private static let shots = ["SHOT-010", "SHOT-020", "SHOT-030"]

    let client: Int
    private var next = 0

    init(client: Int) { self.client = client }

    private mutating func token() -> String {
        next += 1
        return "C\(client)-\(next)"
    }

    /// A small job, alone or after others.
    mutating func small(after jobs: [String], _ chance: inout SeededGenerator) -> Order {
        let kind = chance.weighed([(55, WorkKind.errand), (38, .noop), (3, .stumble), (4, .garbage)])
        let token = token()
        var order = Order(
            token: token, kind: kind, shot: token,
            parameters: kind == .errand || kind == .noop ? ["milliseconds": chance.whole(0...500)] : [:])
        if kind == .garbage { order.inputs = ["source": Cast.garbage] }
        // Now and then one that a worker's death meets in the middle.
        if kind == .errand, chance.chance(0.1) {
            order = Order(
                token: token, kind: kind, shot: token, parameters: ["milliseconds": chance.whole(1000...4000)])
        }
        if chance.chance(0.3) { order.priority = chance.whole(0...9) }
        if chance.chance(0.2) { order.maxAttempts = chance.whole(1...5) }
        if chance.chance(0.08) {
            order.notBefore = Timestamp.text(Date().addingTimeInterval(Double(chance.whole(1...6))))
        }
        if chance.chance(0.12) {
            order.dependsOn = Array(Set((0..<chance.whole(1...3)).compactMap { _ in chance.pick(jobs) })).sorted()
        }
        return order
    }

    /// A job that makes a take.
    mutating func picture(_ chance: inout SeededGenerator) -> Order {
        Order(
            token: token(), kind: .image, shot: chance.pick(Self.shots) ?? "SHOT-010",
            parameters: ["width": 64, "height": 48, "seed": chance.whole(0...1_000_000)])
    }

    /// A job whose take a Python worker makes. It is tried often: each death of that worker costs it an attempt.
    mutating func painting(_ chance: inout SeededGenerator) -> Order {
        let token = token()
        var order = Order(
            token: token, kind: .paint, shot: token, parameters: ["width": 64, "seed": chance.whole(0...1_000_000)])
        order.maxAttempts = 20
        return order
    }

    /// A job whose take a container or a ComfyUI server makes. It is tried often: each death on the way costs it an attempt.
    mutating func model(_ chance: inout SeededGenerator) -> Order {
        let kind = chance.weighed([(4, WorkKind.box), (3, .sky), (4, .dream)])
        let (token, seed) = (token(), chance.whole(0...1_000_000))
        var parameters = ["seed": seed]
        switch kind {
        case .box: parameters["milliseconds"] = chance.whole(0...3000)
        case .dream: parameters["steps"] = chance.whole(4...200)
        default: parameters["steps"] = chance.whole(1...20)
        }
        var order = Order(token: token, kind: kind, shot: token, parameters: parameters)
        order.maxAttempts = 20
        return order
    }

    /// A film that others will be made from.
    mutating func film(_ chance: inout SeededGenerator) -> Order {
        var order = Order(
            token: token(), kind: .video, shot: chance.pick(Self.shots) ?? "SHOT-010",
            parameters: ["width": 64, "height": 48, "seed": chance.whole(0...1_000_000)])
        order.isCached = chance.chance(0.5)
        return order
    }

    /// A picture of the take of a job.
    mutating func still(of job: String) -> Order {
        let token = token()
        return Order(
            token: token, kind: .thumbnail, shot: token, parameters: ["width": 32], inputs: ["source": "job:\(job)"])
    }
}
