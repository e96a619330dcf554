import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import Synchronization

/// Does one piece of media work in a child process of this very program, so that a crash, a runaway decode or a
/// malicious file ends one child and nothing else. The child confines itself before it reads any media, see
/// `ProcessSandbox`. The only way by which the worker opens media that it did not make.
struct MediaChild: Sendable {
    /// The program with the hidden command `media-job`: this very one. By `/proc`, so that a program file replaced during
    /// an update does not matter.
    var program = "/proc/self/exe"
    /// The child's whole environment.
    var environment: [String: String]
    /// How long a child gets to end when it is to end early.
    var pauses = StopPauses()

    /// Does the work.
    ///
    /// Cancelling the task asks the child to end, and ends it where it does not.
    ///
    /// - Parameters:
    ///   - request: The work.
    ///   - timeout: How long it may take.
    ///   - progress: Takes progress in, on the child's thread.
    ///   - log: Takes each line that the child says beside its reports, on the child's thread.
    /// - Returns: What the work found out; null for most.
    /// - Throws: `JobFailure`, or `CancellationError` after a cancel.
    func perform(
        _ request: MediaJobRequest, timeout: Duration, progress: @escaping @Sendable (RunProgress) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) async throws -> JSONValue {
        let command = ChildCommand(
            path: program, arguments: ["media-job"], environment: environment, input: try request.line(),
            timeout: timeout, ask: MediaJobRequest.ask, longestLine: MediaJobReport.longest, pauses: pauses)
        let verdict = Mutex<MediaJobReport?>(nil)
        // A picture belongs to the progress that was told before it.
        let newest = Mutex(RunProgress(stage: ""))
        let killsBefore = OutOfMemoryKills.count()
        let end: ChildEnd
        do {
            end = try await Subprocess.run(command) { line in
                switch MediaJobReport(line: line) {
                case .progress(let done, let total, let stage):
                    let told = RunProgress(done: done, total: total, stage: stage)
                    newest.withLock { $0 = told }
                    progress(told)
                case .picture(let bytes):
                    var told = newest.withLock { $0 }
                    told.preview = ProgressPicture(bytes)
                    progress(told)
                case let report?: verdict.withLock { $0 = report }
                case nil: log(line)
                }
            } errors: {
                log($0)
            }
        } catch let error as ChildNotStarted {
            throw JobFailure(.runnerFailed, "The media process could not be started (\(systemMessage(error.number))).")
        }
        return try Self.judge(
            end, verdict.withLock { $0 }, timeout: timeout, hasInputs: request.inputs.values.contains { !$0.isEmpty }
        ) { OutOfMemoryKills.count() > killsBefore }
    }

    /// The signals by which a process ends that trips over what it reads.
    private static let crashes: Set<Int32> = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

    /// What the end of a child means.
    ///
    /// A crash speaks against the worker only where the child was given no input: a processor that lacks what the program
    /// was built for, say, crashes those too.
    static func judge(
        _ end: ChildEnd, _ verdict: MediaJobReport?, timeout: Duration, hasInputs: Bool,
        kernelWantedMemory: () -> Bool
    ) throws -> JSONValue {
        if end.cause == .exited(0), case .result(let value) = verdict { return value }
        switch end.interruption {
        case .cancelled: throw CancellationError()
        case .timedOut:
            throw JobFailure(
                .runnerTimeout, "The work took longer than the \(timeout.components.seconds) s it may take.")
        case nil: break
        }
        if case .failure(let failure) = verdict {
            throw JobFailure(failure.code, failure.message, retryable: failure.retryable)
        }
        switch end.cause {
        case .signalled(SIGXCPU):
            throw JobFailure(.runnerTimeout, "The work used more processor time than it may.")
        case .signalled(SIGSYS):
            // Whoever sends such a file again and again must not get a function taken from the worker.
            throw JobFailure(
                .inputInvalid,
                "The media process was ended because it tried something that work on media never does.")
        case .signalled(let signal) where hasInputs && crashes.contains(signal):
            // Nor by a file that a codec does not survive. Another attempt may: a codec's threads do not meet as they did.
            throw JobFailure(
                .inputInvalid,
                "The media process crashed by signal \(signal) (\(signalName(signal))) while it worked on the input.",
                retryable: true)
        case .signalled(SIGKILL) where kernelWantedMemory():
            throw JobFailure(.outOfMemory, "The system ended the work because the machine was out of memory.")
        case .signalled(let signal):
            throw JobFailure(.runnerFailed, "The media process was ended by signal \(signal) (\(signalName(signal))).")
        case .exited(let code):
            throw JobFailure(.runnerFailed, "The media process ended with exit code \(code) and no result.")
        }
    }
}

extension RunProgress {
    init(done: Int, total: Int?, stage: String) {
        let fraction = total.map { $0 > 0 ? min(1, Double(done) / Double($0)) : 0 }
        let message = total.map { "\(done) of \($0) frames" } ?? "\(done) frames"
        self.init(fraction: fraction, stage: stage, message: message)
    }
}

/// The system's words for a signal.
private func signalName(_ signal: Int32) -> String {
    strsignal(signal).map { String(cString: $0) } ?? "unknown"
}
