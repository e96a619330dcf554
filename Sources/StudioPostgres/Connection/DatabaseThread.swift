import Glibc

/// A thread that runs one function and can be waited for.
///
/// libpq's calls block; on the cooperative pool two of them would freeze a two-core gateway.
struct DatabaseThread: Sendable {
    private let handle: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts the thread; throws `overloaded` where the system gives none.
    init(_ run: @escaping @Sendable () -> Void) throws(PostgresError) {
        let body = Unmanaged.passRetained(Body(run))
        var handle = pthread_t()
        let status = pthread_create(
            &handle, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            throw PostgresError(.overloaded, operatorDetail: "the system gives no thread: errno \(status)")
        }
        self.handle = handle
    }

    /// Waits for its end; blocks. Either this or `detach` is called, once.
    func join() { pthread_join(handle, nil) }

    /// Lets the system forget it when it ends.
    func detach() { pthread_detach(handle) }
}
