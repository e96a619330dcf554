import Glibc

/// A thread of its own for one blocking piece of work.
enum DedicatedThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs the body on a new, detached thread.
    ///
    /// - Parameter body: The work.
    /// - Throws: ``ChildNotStarted`` when the system has no thread to give.
    static func start(_ body: @escaping @Sendable () -> Void) throws(ChildNotStarted) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let status = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            throw ChildNotStarted(step: "pthread_create", number: status)
        }
    }
}
