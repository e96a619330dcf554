import Dispatch
import Glibc

/// A program started by a test: its lines are kept (bounded), it is signalled by process id, and it does not outlive
/// the test process.
///
/// The environment is not inherited: the child gets `PATH`, `HOME`, `LANG` and `TMPDIR` of the test process and what the
/// test names.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum Exit: Equatable, Sendable {
        /// It ended by itself with this status.
        case code(Int32)
        /// This signal killed it.
        case signal(Int32)
    }

    /// One line the program wrote.
    public struct Line: Equatable, Sendable {
        /// True when it was written to standard error.
        public let isError: Bool
        /// The line without its end.
        public let text: String
    }

    struct State: Sendable {
        var lines: [Line] = []
        var dropped = 0
        var openStreams = 2
        var exit: Exit?
    }

    /// The most lines kept; older ones are dropped first.
    public static let lineLimit = 20_000

    /// The process id, which is also its process group's.
    public let pid: Int32
    /// The program and its arguments, for messages.
    public let command: String
    private let state: Watched<State>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: A path, or a name looked up in `PATH`.
    ///   - arguments: Its arguments, without the program's name.
    ///   - environment: Added to the small inherited set; wins over it.
    ///   - directory: The working folder; `nil` is the test's own.
    ///   - user: Run as this user, which takes root; `nil` keeps the test's user.
    /// - Throws: `TestKitError` when it cannot be started.
    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
        user: String? = nil
    ) throws {
        let reaper = try ProcessReaper.shared()
        let drop = user.map { ["--reuid", $0, "--regid", $0, "--clear-groups", "--", program] }
        let output = try Pipe()
        let errors = try Pipe()
        let request = SpawnRequest(
            program: drop == nil ? program : "setpriv", arguments: (drop ?? []) + arguments,
            environment: Self.inherited().merging(environment) { $1 }, directory: directory,
            output: output.writeEnd, errors: errors.writeEnd)
        let pid = try request.spawn()
        self.pid = pid
        command = ([program] + arguments).joined(separator: " ")
        let state = Watched(State())
        self.state = state
        do { try reaper.adopt(group: pid) } catch {
            kill(-pid, SIGKILL)
            throw error
        }
        for (pipe, isError) in [(output, false), (errors, true)] {
            let descriptor = pipe.takeReadEnd()
            DispatchQueue(label: "child.\(pid).output").async {
                OutputLines(descriptor: descriptor, isError: isError).read(into: state)
            }
        }
        DispatchQueue(label: "child.\(pid).exit").async {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            // While the dead child is not reaped its id is not given out again: first everyone is told, then it is
            // reaped, under the same lock that `send` takes.
            reaper.release(group: pid)
            state.update { state in
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                state.exit = status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
            }
        }
    }

    deinit {
        send(SIGKILL, toGroup: true)
    }

    /// What it wrote to standard output so far, without dropped lines.
    public var output: [String] { state.value.lines.filter { !$0.isError }.map(\.text) }

    /// What it wrote to both streams so far, in the order of arrival, without dropped lines.
    public var lines: [Line] { state.value.lines }

    /// How it ended; `nil` while it runs.
    public var ended: Exit? { state.value.exit }

    /// Sends a signal; does nothing when the process has ended.
    ///
    /// - Parameters:
    ///   - signal: The signal's number, such as `SIGTERM`.
    ///   - toGroup: True also reaches the processes it started.
    public func send(_ signal: Int32, toGroup: Bool = false) {
        state.update { state in
            if state.exit == nil { kill(toGroup ? -pid : pid, signal) }
        }
    }

    /// Waits for the end.
    ///
    /// - Parameter bound: The longest wait.
    /// - Returns: How it ended.
    /// - Throws: `WaitTimedOut` with the last lines of output.
    @discardableResult
    public func exit(within bound: Duration = .seconds(300)) async throws -> Exit {
        try await wait("the end of", within: bound) { $0.exit }
    }

    /// Waits for a line that contains a text, among what was written and what will be.
    ///
    /// - Parameters:
    ///   - text: What the line must contain.
    ///   - bound: The longest wait.
    /// - Returns: The whole line.
    /// - Throws: `WaitTimedOut` with the last lines of output; `TestKitError` when the program ended without the line.
    @discardableResult
    public func line(containing text: String, within bound: Duration = .seconds(300)) async throws -> String {
        let found: String?? = try await wait("a line with \"\(text)\" from", within: bound) { state in
            if let line = state.lines.first(where: { $0.text.contains(text) }) { return .some(line.text) }
            return state.exit != nil && state.openStreams == 0 ? .some(nil) : nil
        }
        if let line = found ?? nil { return line }
        throw TestKitError("\(command) ended without a line with \"\(text)\"\n\(tail())")
    }

    /// Asks it to stop with SIGTERM and waits; after the bound it is killed with everything it started.
    ///
    /// - Parameter bound: How long it has.
    /// - Returns: How it ended.
    /// - Throws: `WaitTimedOut` when it had to be killed.
    @discardableResult
    public func stop(within bound: Duration = .seconds(300)) async throws -> Exit {
        send(SIGTERM)
        do { return try await exit(within: bound) } catch {
            send(SIGKILL, toGroup: true)
            throw error
        }
    }

    /// Waits until it has ended and all it wrote has been read.
    ///
    /// - Parameter bound: The longest wait.
    /// - Returns: How it ended.
    /// - Throws: `WaitTimedOut` with the last lines of output.
    @discardableResult
    public func drained(within bound: Duration = .seconds(300)) async throws -> Exit {
        try await wait("all output of", within: bound) { $0.openStreams == 0 ? $0.exit : nil }
    }

    private func wait<Result: Sendable>(
        _ what: String, within bound: Duration, until probe: @escaping @Sendable (State) -> Result?
    ) async throws -> Result {
        do { return try await state.wait("\(what) \(command)", within: bound, until: probe) } catch let late
            as WaitTimedOut
        { throw WaitTimedOut(what: "\(late.what)\n\(tail())", bound: bound) }
    }

    private func tail() -> String {
        let state = state.value
        let last = state.lines.suffix(30).map { "  | \($0.text)" }.joined(separator: "\n")
        return "its last lines (\(state.lines.count + state.dropped) in all):\n\(last)"
    }

    private static func inherited() -> [String: String] {
        var environment: [String: String] = [:]
        for name in ["PATH", "HOME", "LANG", "TMPDIR"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
    }
}
