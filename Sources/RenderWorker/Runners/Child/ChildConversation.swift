import FoundationEssentials
import Glibc

/// One child from its start to its reaping: everything its thread does. Blocks.
struct ChildConversation: ~Copyable {
    /// The longest line taken from either stream, unless a command says otherwise of its output; the rest of a longer one
    /// is dropped.
    static let longestLine = 8 * 1024

    private let child: StartedChild
    private let wake: ChildWake
    private let ask: Data?
    private let longestOutput: Int
    private let pauses: StopPauses
    private let deadline: ContinuousClock.Instant
    private var unsent: ArraySlice<UInt8>
    private var isOutputOpen = true
    private var areErrorsOpen = true
    private var interruption: ChildEnd.Interruption?
    private var nextStep: (step: Step, at: ContinuousClock.Instant)?

    /// What a child that does not end is given next.
    private enum Step {
        case term, kill
    }

    init(_ command: ChildCommand, wake: ChildWake) throws(ChildNotStarted) {
        child = try command.spawn()
        self.wake = wake
        ask = command.ask
        longestOutput = command.longestLine
        pauses = command.pauses
        deadline = .now.advanced(by: command.timeout)
        unsent = Array(command.input)[...]
    }

    /// Talks to the child until it is gone.
    mutating func finish(output: (String) -> Void, errors: (String) -> Void) -> ChildEnd {
        var outputLines = LineSplitter(bound: longestOutput)
        var errorLines = LineSplitter(bound: Self.longestLine)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let ready = waitForEvent()
            interruptIfDue()
            if ready.input { send() }
            if ready.output {
                if let bytes = child.output.readAvailable(&buffer) {
                    outputLines.feed(bytes, line: output)
                } else {
                    isOutputOpen = false
                }
            }
            if ready.errors {
                if let bytes = child.errors.readAvailable(&buffer) {
                    errorLines.feed(bytes, line: errors)
                } else {
                    areErrorsOpen = false
                }
            }
            // Streams end a moment before the process does. A child that closes them and lives on is looked at again
            // by the same loop, which still minds the deadline and the cancellation.
            if !isOutputOpen, !areErrorsOpen, let end = reap() {
                outputLines.finish(line: output)
                errorLines.finish(line: errors)
                return end
            }
        }
    }

    private func waitForEvent() -> (input: Bool, output: Bool, errors: Bool) {
        var descriptors = [
            pollfd(fd: interruption == nil ? wake.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: unsent.isEmpty ? -1 : child.input.raw, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: isOutputOpen ? child.output.raw : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: areErrorsOpen ? child.errors.raw : -1, events: Int16(POLLIN), revents: 0),
        ]
        var remaining = ContinuousClock.now.duration(to: nextStep?.at ?? deadline)
        if interruption != nil, nextStep == nil { remaining = .seconds(1) }
        if !isOutputOpen, !areErrorsOpen { remaining = min(remaining, .milliseconds(5)) }
        poll(&descriptors, nfds_t(descriptors.count), Self.milliseconds(remaining))
        return (descriptors[1].revents != 0, descriptors[2].revents != 0, descriptors[3].revents != 0)
    }

    /// A wait for `poll`, rounded up so that the loop does not spin just before the end; at most a minute at a time.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int32(min(seconds, 60) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private mutating func interruptIfDue() {
        let now = ContinuousClock.now
        if interruption == nil {
            if wake.isCancelled {
                interruption = .cancelled
            } else if now >= deadline {
                interruption = .timedOut
            } else {
                return
            }
            unsent += ask ?? Data()
            nextStep = (.term, ask == nil ? now : now.advanced(by: pauses.ask))
        }
        guard let (step, due) = nextStep, now >= due else { return }
        switch step {
        case .term:
            kill(-child.pid, SIGTERM)
            // A stopped child would not see the signal before it goes on.
            kill(-child.pid, SIGCONT)
            nextStep = (.kill, now.advanced(by: pauses.term))
        case .kill:
            kill(-child.pid, SIGKILL)
            nextStep = nil
        }
    }

    private mutating func send() {
        let count = unsent.withUnsafeBytes {
            Glibc.send(child.input.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        if count > 0 {
            unsent = unsent.dropFirst(count)
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            // The child is gone or does not read: its end says why.
            unsent = []
        }
    }

    private func reap() -> ChildEnd? {
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(child.pid, &status, WNOHANG, &usage) == child.pid else { return nil }
        // Whatever the child may have left in its group goes with it.
        kill(-child.pid, SIGKILL)
        let signal = status & 0x7f
        let time =
            Duration.seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(Int64(usage.ru_utime.tv_usec) + Int64(usage.ru_stime.tv_usec))
        return ChildEnd(
            cause: signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal), interruption: interruption,
            processorTime: time, peakMemory: usage.ru_maxrss * 1024)
    }
}
