import Glibc
import StudioCore

/// What the end of a container means for its job.
enum BatchVerdict {
    /// The exit codes by which a program says that another attempt is of no use (`sysexits.h`).
    private static let final = 64...78

    /// Lets a success pass.
    ///
    /// - Parameters:
    ///   - state: How the container ended.
    ///   - context: The attempt.
    /// - Throws: `JobFailure` for everything else.
    static func check(_ state: ContainerState, _ context: RunContext) throws(JobFailure) {
        let code = state.exitCode
        guard code != 0 else { return }
        let bound = "the \(context.function.resources.memoryMegabytes) MiB of memory that it may have"
        if state.wasOutOfMemory, !final.contains(code) {
            throw JobFailure(.outOfMemory, "The container needed more than \(bound).")
        }
        var failure: JobFailure
        switch code {
        case final:
            failure = JobFailure(
                .runnerFailed, "The container ended with exit code \(code), after which it is not tried again.",
                retryable: false)
        case 128 + Int(SIGXFSZ):
            failure = JobFailure(.outputInvalid, "The container wrote a file larger than it may.")
        case 128 + Int(SIGKILL):
            // Who is cancelled, or takes too long, does not get here. The engine may never hear from the kernel why a container
            // is gone at once (containerd issue 8893: 2 of 284 on a machine at work), nor does it tell who else killed it.
            failure = JobFailure(.runnerFailed, "The container was killed. It may have needed more than \(bound).")
        case 129..<160:
            let name = strsignal(Int32(code - 128)).map { String(cString: $0) } ?? "unknown"
            failure = JobFailure(.runnerFailed, "The container was ended by signal \(code - 128) (\(name)).")
        default:
            failure = JobFailure(.runnerFailed, "The container ended with exit code \(code).")
        }
        // A model that fails in its own image is no reason to take functions from this worker.
        failure.isElsewhere = true
        throw failure
    }
}
