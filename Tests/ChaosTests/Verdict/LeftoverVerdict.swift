import StudioTestKit

/// Whether nothing goes on for what has ended: no container and no prompt of a job, and no model of a worker that is dead.
enum LeftoverVerdict {
    /// Workers look for leftovers every twenty seconds, and a worker counts as dead some seconds after its last sign of life.
    private static let bound = Duration.seconds(60)

    /// Looks while the workers still run, and all jobs have ended.
    static func breaches(_ studio: ChaosStudio) async throws -> [String] {
        var breaches: [String] = []
        var names: [String] = []
        for slot in studio.workers { names.append(await slot.name) }
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        let living = try await studio.rows("SELECT id FROM workers WHERE name IN (\(list))").map { $0[0] }
        func leftovers() async throws -> [String] {
            try await studio.models.containers().compactMap { container in
                let labels = container.Labels
                if let job = labels["studio.job"] { return "a container of job \(job), \(container.State)" }
                let worker = labels["studio.worker"] ?? ""
                return living.contains(worker) ? nil : "a model of \(labels["studio.function"] ?? "") of a dead worker"
            }
        }
        do {
            try await eventually("no container is left", within: bound) { try await leftovers().isEmpty }
        } catch is WaitTimedOut {
            breaches += try await leftovers().map { "\($0) is left" }
        }
        for (number, server) in studio.models.comfyUIs.enumerated() {
            do {
                try await eventually("ComfyUI has nothing to do") {
                    let queue = try await server.queue()
                    return queue.running.isEmpty && queue.pending.isEmpty
                }
            } catch is WaitTimedOut {
                breaches.append("ComfyUI \(number + 1) still works: \(try await server.queue())")
            }
        }
        return breaches
    }

    /// Looks when the workers were stopped in order.
    static func breachesAfterTheEnd(_ studio: ChaosStudio) async throws -> [String] {
        try await studio.models.containers().map { "a container is left by workers that ended in order: \($0.Labels)" }
    }
}
