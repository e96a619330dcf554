import FoundationEssentials
import Glibc
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct SubprocessTests {
    private func shell(_ script: String, input: String = "", timeout: Duration = .seconds(60)) -> ChildCommand {
        ChildCommand(
            path: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"], input: Data(input.utf8),
            timeout: timeout)
    }

    private func run(
        _ command: ChildCommand, _ lines: Watched<[String]> = Watched([])
    ) async throws -> ChildEnd {
        try await Subprocess.run(command) { line in
            lines.update { $0.append(line) }
        } errors: { line in
            lines.update { $0.append("! " + line) }
        }
    }

    @Test func bothStreamsInputAndExitCodeArrive() async throws {
        let lines = Watched<[String]>([])
        let end = try await run(shell("read a; echo \"got $a\"; echo oops >&2; exit 3", input: "hello\n"), lines)
        #expect(end.cause == .exited(3))
        #expect(end.interruption == nil)
        #expect(Set(lines.value) == ["got hello", "! oops"])
    }

    @Test func nothingIsInheritedButWhatIsGiven() async throws {
        let lines = Watched<[String]>([])
        _ = try await run(shell("env; ls /proc/self/fd"), lines)
        let variables = lines.value.filter { $0.contains("=") }.map { $0.prefix { $0 != "=" } }
        #expect(Set(variables).isSubset(of: ["PATH", "PWD", "OLDPWD", "SHLVL", "_"]))
    }

    @Test func aLargeInputDoesNotBlock() async throws {
        let lines = Watched<[String]>([])
        let input = String(repeating: "x", count: 3 << 20)
        let end = try await run(shell("head -c \(3 << 20) | wc -c", input: input), lines)
        #expect(end.cause == .exited(0))
        #expect(lines.value == ["\(3 << 20)"])
    }

    @Test func aCancelEndsTheWholeGroup() async throws {
        let lines = Watched<[String]>([])
        let task = Task { try await run(shell("sleep 3600 & echo $!; wait"), lines) }
        let child = try #require(Int32(try await lines.wait("the grandchild's id") { $0.first }))
        task.cancel()
        let end = try await within(.seconds(10), "the child's end") { try await task.value }
        #expect(end.interruption == .cancelled)
        #expect(end.cause == .signalled(SIGTERM))
        try await eventually("the grandchild is gone") { kill(child, 0) != 0 || isZombie(child) }
    }

    @Test func whoIgnoresTheRequestIsKilled() async throws {
        let lines = Watched<[String]>([])
        let task = Task { try await run(shell("trap '' TERM; echo ready; while :; do sleep 1; done"), lines) }
        _ = try await lines.wait("the child is ready") { $0.first }
        task.cancel()
        let end = try await within(.seconds(10), "the child's end") { try await task.value }
        #expect(end.cause == .signalled(SIGKILL))
        #expect(end.interruption == .cancelled)
    }

    @Test func whoCanBeAskedIsAskedFirst() async throws {
        let lines = Watched<[String]>([])
        // Whoever heeds the question never sees a signal.
        var command = shell("trap 'echo told' TERM; echo ready; read a; echo \"asked to $a\"; exit 7")
        command.ask = Data("stop\n".utf8)
        command.pauses = StopPauses(ask: .seconds(600), term: .seconds(600))
        let asked = command
        let task = Task { try await run(asked, lines) }
        _ = try await lines.wait("the child is ready") { $0.first }
        task.cancel()
        let end = try await within(.seconds(10), "the child's end") { try await task.value }
        #expect(end.cause == .exited(7) && end.interruption == .cancelled)
        #expect(lines.value == ["ready", "asked to stop"])
    }

    @Test func whoDoesNotHeedTheQuestionIsToldAndThenKilled() async throws {
        let lines = Watched<[String]>([])
        var command = shell("trap 'echo told' TERM; echo ready; while :; do sleep 0.05; done", timeout: .seconds(1))
        command.ask = Data("stop\n".utf8)
        command.pauses = StopPauses(ask: .milliseconds(20), term: .seconds(5))
        let end = try await run(command, lines)
        #expect(end.cause == .signalled(SIGKILL) && end.interruption == .timedOut)
        #expect(lines.value.filter { !$0.hasPrefix("!") } == ["ready", "told"])
    }

    @Test func whoTakesTooLongIsEnded() async throws {
        let end = try await run(shell("sleep 3600", timeout: .milliseconds(50)))
        #expect(end.interruption == .timedOut)
        #expect(end.cause == .signalled(SIGTERM))
    }

    @Test func aChildThatClosesItsStreamsIsStillWatched() async throws {
        let end = try await run(shell("exec >&- 2>&-; sleep 3600", timeout: .milliseconds(100)))
        #expect(end.interruption == .timedOut)
    }

    @Test func aTaskCancelledBeforeTheStartLeavesNothingBehind() async throws {
        let task = Task {
            try? await untilCancelled()
            return try await run(shell("sleep 3600"))
        }
        task.cancel()
        #expect(try await within(.seconds(10), "the child's end") { try await task.value }.interruption == .cancelled)
    }

    @Test func aProgramThatIsNotThereIsAnError() async throws {
        let command = ChildCommand(
            path: "/nowhere", arguments: [], environment: [:], input: Data(), timeout: .seconds(1))
        let error = await #expect(throws: ChildNotStarted.self) { try await run(command) }
        #expect(error?.number == ENOENT)
    }

    private func isZombie(_ pid: Int32) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map {
            String(decoding: $0, as: UTF8.self)
        }
        return status?.contains(") Z ") ?? true
    }
}
