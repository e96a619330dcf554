import Glibc
import Synchronization

/// Runs one child program to its end.
///
/// A thread of its own starts it, feeds it, reads it and reaps it, so nothing blocks the cooperative pool and the
/// process id is never used after the child was reaped.
enum Subprocess {
    /// Runs a program.
    ///
    /// Cancelling the task asks the child to end, sends SIGTERM to its process group after the command's first pause and
    /// SIGKILL after the second; the function returns when the child is gone, not before.
    ///
    /// - Parameters:
    ///   - command: What to run.
    ///   - output: Gets each line of standard output, on the child's thread; must not block.
    ///   - errors: Gets each line of standard error, on the child's thread; must not block.
    /// - Returns: How it ended. An exit code other than 0 is a result, not an error.
    /// - Throws: ``ChildNotStarted``.
    static func run(
        _ command: ChildCommand, output: @escaping @Sendable (String) -> Void,
        errors: @escaping @Sendable (String) -> Void
    ) async throws -> ChildEnd {
        let wake = try ChildWake()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    try DedicatedThread.start {
                        do throws(ChildNotStarted) {
                            var conversation = try ChildConversation(command, wake: wake)
                            continuation.resume(returning: conversation.finish(output: output, errors: errors))
                        } catch {
                            continuation.resume(throwing: error)
                        }
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            wake.cancel()
        }
    }
}

/// Wakes the child's thread out of `poll` when its task is cancelled.
final class ChildWake: Sendable {
    private let sockets: DescriptorPair
    private let cancelled = Atomic(false)

    init() throws(ChildNotStarted) { sockets = try DescriptorPair() }

    /// Becomes readable with the cancel.
    var descriptor: Int32 { sockets.ours.raw }
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() {
        cancelled.store(true, ordering: .releasing)
        var byte: UInt8 = 1
        // Cannot fail: both ends are open as long as this object is, and nothing else was ever sent.
        _ = send(sockets.theirs.raw, &byte, 1, Int32(MSG_NOSIGNAL))
    }
}
