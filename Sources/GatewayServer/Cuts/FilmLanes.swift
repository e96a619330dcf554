import StudioCore
import StudioPostgres

/// How many machines would work on a film that is cut into chunks.
struct FilmLanes: Sendable {
    let workers: WorkerStore
    /// How long after its last sign of life a worker counts as gone.
    let silence: Duration

    /// The machines with a worker that lives, serves a function's queue and is given its jobs. Workers beside each other
    /// count once: an encoder uses all cores of its machine by itself.
    ///
    /// - Parameter function: The function that makes the chunks.
    /// - Returns: How many there are now.
    /// - Throws: `PostgresError`.
    func hosts(for function: FunctionManifest) async throws -> Int {
        let able = try await workers.list().filter { worker in
            worker.state == .serving && worker.silence < silence
                && worker.registration.queues.contains(function.queue)
                && !worker.blockedFunctions.contains(function.name)
        }
        return Set(able.map(\.registration.hostname)).count
    }
}
