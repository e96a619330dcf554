import FoundationEssentials
import Glibc
import QueueProtocol
import StudioMedia
import StudioSystem
import Synchronization

/// The child's side of a media job: reads one request, does it, and says how it went. Blocks; nothing else runs in the
/// process.
enum MediaJobProcess {
    /// What the process ends with; as in sysexits.h.
    enum ExitCode: Int32 {
        case done = 0
        /// The request could not be read.
        case usage = 64
        /// The work cannot be done, now or later.
        case refused = 65
        /// The work may go well another time.
        case temporary = 75
    }

    static func run() -> ExitCode {
        guard let data = readRequest(), let request = try? JSONText.decode(MediaJobRequest.self, from: data) else {
            complain("media-job reads one line of JSON from standard input; it is started by the worker, not by hand")
            return .usage
        }
        do {
            // The heartbeat and the rest of the machine go first; that the priority stays as it is would harm nobody.
            _ = nice(5)
            try ParentProcess.dieWithParent(request.parent)
            try request.limits.childLimits.apply()
            try request.sandbox.enter()
            // The threads of the process begin here.
            try watchParent()
        } catch {
            complain("\(error)")
            say(.failure(MediaJobFailure(notConfined: error)))
            return .temporary
        }
        var pace = ReportPace(clock: ContinuousClock())
        do {
            let found = try request.perform { progress in
                if isAskedToStop.load(ordering: .relaxed) { throw AskedToStop() }
                for report in pace.reports(of: progress) { say(report) }
            }
            say(.result(found))
            return .done
        } catch {
            if let media = error as? MediaError, let detail = media.detail { complain(detail) }
            let failure = MediaJobFailure(error)
            say(.failure(failure))
            return failure.retryable ? .temporary : .refused
        }
    }

    /// One line of standard input, without its newline; nil where there is none.
    private static func readRequest() -> Data? {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while line.count < MediaJobRequest.longest {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            line += buffer[..<count]
            // A request has no newline inside; what follows it may have come with it.
            guard buffer[..<count].contains(UInt8(ascii: "\n")), let end = line.lastIndex(of: UInt8(ascii: "\n")) else {
                continue
            }
            let first = line.firstIndex(of: UInt8(ascii: "\n")) ?? end
            if first < end { isAskedToStop.store(true, ordering: .relaxed) }
            return Data(line[..<first])
        }
        return nil
    }

    /// The worker has asked for an early end: the work stops at its next report, with its files closed.
    private static let isAskedToStop = Atomic(false)

    private struct AskedToStop: Error {}

    /// Hears when the worker asks for an early end, and ends this process, with all it may have started, when standard
    /// input ends: then the worker is gone. Beside the kernel's tie, which knows only the thread that started this
    /// process.
    private static func watchParent() throws {
        try DedicatedThread.start {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                // All that follows the request is that one word.
                if count > 0 { isAskedToStop.store(true, ordering: .relaxed) }
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                // The whole group where it is ours alone; not that of a shell, by hand.
                kill(getpgrp() == getpid() ? 0 : getpid(), SIGKILL)
            }
        }
    }

    /// Writes one report line. A broken pipe ends the process: nobody listens any more.
    private static func say(_ report: MediaJobReport) { write(report.line(), to: STDOUT_FILENO) }

    private static func complain(_ line: String) { write(line, to: STDERR_FILENO) }

    private static func write(_ line: String, to descriptor: Int32) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }
}
