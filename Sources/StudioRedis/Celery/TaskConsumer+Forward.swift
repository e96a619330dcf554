import QueueProtocol

extension TaskConsumer {
    /// Hands messages on to another queue, each to the list of its priority, in one step with taking them out of hand.
    ///
    /// - Parameters:
    ///   - tasks: The messages, in the order in which they were taken.
    ///   - queue: The queue.
    /// - Throws: `RedisError`; those not moved are handed out again by a later ``reserve(upTo:)``.
    public func forward(_ tasks: [ReservedTask], to queue: String) async throws {
        try await settle(tasks) { batch in
            let lists = keys.lists(queue)
            let arguments = batch.flatMap { task -> [RedisArgument] in
                let list = keys.list(queue, task.message.priority)
                return [.bytes(task.raw), .integer((lists.firstIndex(of: list) ?? 0) + 1)]
            }
            _ = try await client.run(
                CeleryScripts.forward, keys: [keys.processing(worker)] + lists, arguments: arguments)
        }
    }
}
