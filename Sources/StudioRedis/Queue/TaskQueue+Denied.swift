import QueueProtocol

extension TaskQueue {
    /// The queues that the user of this connection may not use: of which an access rule of the server (`ACL`) denies
    /// reading or changing a list.
    ///
    /// - Parameter queues: The queues' names.
    /// - Returns: Those that are denied.
    /// - Throws: `RedisError`, but not for what is denied.
    public func denied(among queues: some Collection<String>) async throws -> Set<String> {
        let lists = queues.flatMap { queue in keys.lists(queue).map { (queue: queue, list: $0) } }
        guard !lists.isEmpty else { return [] }
        // Neither changes anything or answers with anything, whatever the list holds.
        let commands = lists.flatMap { place in
            [RedisCommand("LTRIM", .text(place.list), 0, -1), RedisCommand("LRANGE", .text(place.list), 1, 0)]
        }
        var denied: Set<String> = []
        for (index, reply) in try await client.pipeline(commands).enumerated() {
            do {
                _ = try reply.get()
            } catch let error as RedisError where error.isDenial {
                denied.insert(lists[index / 2].queue)
            }
        }
        return denied
    }
}
