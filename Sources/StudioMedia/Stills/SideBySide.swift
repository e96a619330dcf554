import Glibc

/// Work that is done side by side, each piece by a thread of its own.
///
/// Threads of the system's rather than libdispatch's pool: that asks the kernel for things that a media process is ended for.
enum SideBySide {
    private final class Piece {
        let number: Int
        let work: (Int) -> Void

        init(_ number: Int, _ work: @escaping (Int) -> Void) {
            self.number = number
            self.work = work
        }

        func run() { work(number) }
    }

    /// Pieces of work that have begun. What they touch is theirs until they have been waited for.
    final class Running {
        private var threads: [pthread_t] = []

        fileprivate init(_ count: Int, _ work: @escaping (Int) -> Void) {
            for number in 0..<max(0, count) {
                let piece = Unmanaged.passRetained(Piece(number, work))
                var thread = pthread_t()
                let status = pthread_create(
                    &thread, nil,
                    { context in
                        if let context { Unmanaged<Piece>.fromOpaque(context).takeRetainedValue().run() }
                        return nil
                    }, piece.toOpaque())
                if status == 0 { threads.append(thread) } else { piece.takeRetainedValue().run() }
            }
        }

        deinit { wait() }

        /// Returns when all of them are done.
        func wait() {
            for thread in threads { pthread_join(thread, nil) }
            threads = []
        }
    }

    /// Begins pieces of work. Those for which the system has no thread are done before this returns.
    ///
    /// - Parameters:
    ///   - count: How many pieces there are.
    ///   - work: Does the piece with a number from 0; called by several threads at once.
    /// - Returns: What is to be waited for.
    static func begin(_ count: Int, _ work: @escaping (Int) -> Void) -> Running { Running(count, work) }
}
