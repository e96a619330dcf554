import Dispatch

/// Threads of their own for work on files that may take long, so that it never holds the cooperative pool up.
package enum FileThreads {
    private static let queue = DispatchQueue(label: "studio.files", qos: .utility, attributes: .concurrent)

    /// Does work on one of the threads. It is not interrupted when the task is cancelled. How much is done at a time is
    /// bounded by who asks: jobs by a worker's slots, requests by the gateway's limits; the system's threads are the last.
    ///
    /// - Parameter work: What to do.
    /// - Returns: What it returned.
    /// - Throws: What it threw.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }

    /// The same, with errors in the words of storage.
    ///
    /// - Parameter work: What to do.
    /// - Returns: What it returned.
    /// - Throws: `StorageError`.
    package static func storing<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await run(work)
        } catch let error as StorageError {
            throw error
        } catch let error as FileError {
            throw StorageError(error)
        } catch {
            throw StorageError(.fileFailed, "the file system reported an error", detail: "\(error)")
        }
    }
}
