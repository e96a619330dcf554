public import Logging
import Synchronization

/// PostgreSQL behind a fixed number of threads, each with one connection of its own.
///
/// A closure runs as a whole on one of these threads: one hop there, one back, and nothing is awaited inside a
/// transaction. Calls beyond the number of threads wait in a bounded queue. Connections are made when first needed and
/// made anew when lost. Where one kind of call must never wait behind others (heartbeats), give it a database of one
/// connection of its own.
public final class Database: Sendable {
    /// How it was set up.
    public let configuration: PostgresConfiguration
    private let queue: WorkQueue
    private let threads: Mutex<[DatabaseThread]>

    /// Starts the threads; nothing is connected yet, and no server needs to be there.
    ///
    /// - Parameter configuration: How to reach PostgreSQL.
    /// - Throws: `PostgresError` with code `overloaded` where the system gives no threads.
    public init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        self.configuration = configuration
        let queue = WorkQueue(limit: configuration.queueLimit)
        self.queue = queue
        threads = Mutex([])
        for _ in 0..<configuration.connections {
            do throws(PostgresError) {
                queue.threadBegins()
                let thread = try DatabaseThread { Self.serve(queue, configuration) }
                threads.withLock { $0.append(thread) }
            } catch {
                queue.threadEnds()
                queue.close()
                throw error
            }
        }
    }

    deinit {
        queue.close()
        threads.withLock { threads in for thread in threads { thread.detach() } }
    }

    private static func serve(_ queue: WorkQueue, _ configuration: PostgresConfiguration) {
        serveUntilClosed(queue, configuration)
        queue.threadEnds()
    }

    private static func serveUntilClosed(_ queue: WorkQueue, _ configuration: PostgresConfiguration) {
        var slot = ConnectionSlot(configuration, queue: queue)
        while let work = queue.next() {
            do throws(PostgresError) {
                let connection = try slot.ready(until: work.deadline)
                work.perform(.success(connection))
            } catch {
                work.perform(.failure(error))
            }
            slot.settle()
        }
    }

    /// Runs a closure with a connection, on that connection's thread.
    ///
    /// Every statement commits by itself. A connection lost on the way gives `unavailable`, and a statement that writes
    /// may have happened: write with `transaction`, or with statements that may be repeated.
    ///
    /// - Parameter body: What to do; it blocks a thread of this database, and must not keep the connection.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; `PostgresError` with code `overloaded`, `unavailable` or `cancelled` where it
    ///   did not begin.
    public func withConnection<T: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        let ticket = WorkQueue.Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.add(
                    WorkQueue.Work(ticket: ticket, deadline: .now + configuration.unavailableAfter) { connection in
                        continuation.resume(with: Result { try body(connection.get()) })
                    })
            }
        } onCancel: {
            queue.cancel(ticket)
        }
    }

    /// Runs a closure inside a transaction, on the connection's thread; commits when it returns, rolls back when it throws.
    ///
    /// - Parameters:
    ///   - retries: How often to begin again after a serialization failure, a deadlock, or a connection lost before
    ///     COMMIT; default 3.
    ///   - body: What to do; it may run more than once.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; `PostgresError`, with code `commitUnknown` where the answer to COMMIT was lost.
    public func transaction<T: Sendable>(
        retries: Int = 3, _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        try await beginningAgain(retries) { try Self.inTransaction($0, body) }
    }

    /// Runs a closure once, on the connection's thread, while a transaction that keeps nothing holds a lock.
    ///
    /// There is nothing to commit: where the connection is lost after the closure has begun, what it did and returned still
    /// stands, only without the lock from then on.
    ///
    /// - Parameters:
    ///   - lock: Takes the lock; may run more than once.
    ///   - body: What to do; what it writes to the database is rolled back.
    /// - Returns: What the closure returns.
    /// - Throws: What the closures throw; `PostgresError` where the lock was not to be had.
    func holding<T: Sendable>(
        _ lock: @escaping @Sendable (PostgresConnection) throws -> Void,
        _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        try await beginningAgain(3) { connection -> Result<T, any Error> in
            try connection.script("BEGIN")
            defer { connection.rollBack() }
            try lock(connection)
            return Result { try body(connection) }
        }.get()
    }

    private func beginningAgain<T: Sendable>(
        _ retries: Int, _ attempt: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        var failures = 0
        while true {
            let result: Result<T, PostgresError> = try await withConnection { connection in
                do {
                    return .success(try attempt(connection))
                } catch let error as PostgresError where Self.mayBeginAgain(after: error) {
                    return .failure(error)
                }
            }
            switch result {
            case .success(let value): return value
            case .failure(let error):
                failures += 1
                guard failures <= retries else { throw error }
                let pause = Duration.milliseconds(5 << min(failures, 6))
                try await Task.sleep(for: pause / 2 + pause * Double.random(in: 0..<1))
            }
        }
    }

    private static func inTransaction<T>(
        _ connection: PostgresConnection, _ body: (PostgresConnection) throws -> T
    ) throws -> T {
        connection.begin()
        let value: T
        do {
            value = try body(connection)
        } catch {
            connection.rollBack()
            throw error
        }
        try connection.commit()
        return value
    }

    private static func mayBeginAgain(after error: PostgresError) -> Bool {
        switch error.code {
        case .serializationFailure, .deadlock, .unavailable: true
        default: false
        }
    }

    /// Asks the server for an answer, any answer.
    ///
    /// - Throws: `PostgresError` where there is none.
    public func ping() async throws {
        try await withConnection { _ = try $0.query("SELECT 1") }
    }

    /// Waits, for as long as it takes, until the server answers; says in the log what it waits for.
    ///
    /// - Parameter log: Where to say it.
    /// - Throws: `CancellationError` where the task is cancelled; `PostgresError` where the server answers and refuses.
    public func waitUntilReachable(_ log: Logger) async throws {
        var attempts = 0
        while true {
            do {
                try await ping()
                if attempts > 0 { log.notice("PostgreSQL answers", metadata: ["attempts": "\(attempts)"]) }
                return
            } catch let error as PostgresError where error.code == .unavailable {
                attempts += 1
                let reason = error.operatorDetail ?? error.description
                log.warning("waiting for PostgreSQL", metadata: ["reason": "\(reason)", "attempts": "\(attempts)"])
                try await Task.sleep(for: .milliseconds(min(250 << min(attempts, 5), 5000)))
            }
        }
    }

    /// Lets running closures finish, refuses those that wait, and ends connections and threads. Closing twice is harmless.
    public func close() async {
        queue.close()
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        guard !ending.isEmpty else { return }
        await queue.waitUntilThreadsEnded()
        // They have left their loops: nothing is waited for here but the system's own bookkeeping.
        for thread in ending { thread.join() }
    }
}
