import Glibc
import Synchronization

/// A pipe whose ends close themselves.
final class Pipe: Sendable {
    let writeEnd: Int32
    private let readEnd: Mutex<Int32>

    init() throws {
        let ends = try Self.ends()
        readEnd = Mutex(ends[0])
        writeEnd = ends[1]
    }

    deinit {
        close(writeEnd)
        let left = takeReadEnd()
        if left >= 0 { close(left) }
    }

    /// The two ends of a new pipe, reading end first; children of this kit never inherit them (see `SpawnRequest`).
    static func ends() throws -> [Int32] {
        try SpawnRequest.descriptors.withLock { _ in
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw TestKitError.system("pipe") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return ends
        }
    }

    /// Hands the read end over; whoever takes it closes it.
    func takeReadEnd() -> Int32 {
        readEnd.withLock { end in
            defer { end = -1 }
            return end
        }
    }
}

/// Splits one stream of a child into lines.
struct OutputLines {
    /// A line longer than this is cut into several.
    static let longestLine = 1 << 20

    let descriptor: Int32
    let isError: Bool

    /// Reads to the end of the stream; blocks, so it has a thread of its own.
    func read(into state: Watched<ChildProcess.State>) {
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var partial: [UInt8] = []
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            partial += buffer[..<count]
            var lines = partial.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let rest = lines.removeLast()
            if rest.count > Self.longestLine {
                lines.append(rest)
                partial = []
            } else {
                partial = Array(rest)
            }
            append(lines, to: state)
        }
        if !partial.isEmpty { append([partial[...]], to: state) }
        state.update { $0.openStreams -= 1 }
    }

    private func append(_ lines: [ArraySlice<UInt8>], to state: Watched<ChildProcess.State>) {
        guard !lines.isEmpty else { return }
        let texts = lines.map { ChildProcess.Line(isError: isError, text: String(decoding: $0, as: UTF8.self)) }
        state.update { state in
            state.lines += texts
            let excess = state.lines.count - ChildProcess.lineLimit
            if excess > 0 {
                state.lines.removeFirst(excess)
                state.dropped += excess
            }
        }
    }
}

extension ChildProcess {
    /// What a program that ran to its end left.
    public struct Completed: Sendable {
        /// How it ended.
        public let exit: Exit
        /// Its standard output; lines joined, no newline at the end.
        public let output: String
        /// Its standard error; lines joined, no newline at the end.
        public let errors: String
    }

    /// Runs a program to its end. A status other than 0 is a result, not an error.
    ///
    /// - Parameters:
    ///   - program: A path, or a name looked up in `PATH`.
    ///   - arguments: Its arguments, without the program's name.
    ///   - environment: Added to the small inherited set.
    ///   - directory: The working folder; `nil` is the test's own.
    ///   - user: Run as this user, which takes root.
    ///   - bound: The longest it may take; then it is killed.
    /// - Returns: How it ended and what it wrote (the last ``lineLimit`` lines).
    /// - Throws: `TestKitError` when it cannot be started, `WaitTimedOut` when it took too long.
    public static func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
        user: String? = nil, within bound: Duration = .seconds(300)
    ) async throws -> Completed {
        let child = try ChildProcess(
            program, arguments, environment: environment, directory: directory, user: user)
        let exit = try await child.drained(within: bound)
        let lines = child.lines
        return Completed(
            exit: exit, output: lines.filter { !$0.isError }.map(\.text).joined(separator: "\n"),
            errors: lines.filter(\.isError).map(\.text).joined(separator: "\n"))
    }
}
