import FoundationEssentials

/// A program to start, and all that it gets.
struct ChildCommand: Sendable {
    /// The program's absolute path.
    var path: String
    /// Its arguments, without the program's name.
    var arguments: [String]
    /// Its whole environment: nothing is inherited.
    var environment: [String: String]
    /// What it reads from standard input. The stream stays open afterwards, until the child is gone: its end tells the
    /// child that this process died.
    var input: Data
    /// The longest it may run, by the monotonic clock.
    var timeout: Duration
    /// What is written to its standard input to ask it to end; nil for a program that cannot be asked.
    var ask: Data?
    /// The longest line taken from its standard output, in bytes; the rest of a longer one is dropped.
    var longestLine = ChildConversation.longestLine
    /// How long it gets when it is to end early.
    var pauses = StopPauses()
}

/// A runner that is to end early is asked, then told (SIGTERM), then killed (SIGKILL).
struct StopPauses: Sendable, Hashable {
    /// From asking to SIGTERM. With ``term`` less than a second, so that a cancel is done within one.
    var ask: Duration = .milliseconds(250)
    /// From SIGTERM to SIGKILL.
    var term: Duration = .milliseconds(500)
}

/// How a child ended.
struct ChildEnd: Sendable, Hashable {
    enum Cause: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// What this process did to end it; nil where it ended by itself.
    enum Interruption: Sendable, Hashable {
        case cancelled
        case timedOut
    }

    var cause: Cause
    var interruption: Interruption?
    /// Processor time, of all its threads.
    var processorTime: Duration
    /// The most memory that was resident, in bytes.
    var peakMemory: Int
}

/// The child could not be started.
struct ChildNotStarted: Error, Sendable, CustomStringConvertible {
    var step: String
    var number: Int32
    var description: String { "\(step) failed: \(systemMessage(number))" }
}
