import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a media process cannot do, whatever the media makes it do.
@Suite(.timeLimit(.minutes(10))) struct MediaSandboxTests {
    /// What `RenderWorker sandbox` finds on this machine, by deed.
    private func tried(as user: String?) async throws -> (status: ChildProcess.Exit, found: [String: String]) {
        let folder = try TemporaryDirectory("sandbox")
        try #require(chmod(folder.path, 0o777) == 0)
        // A copy: another user may not be let into the folder of the build.
        try FileManager.default.copyItem(atPath: ProgramUnderTest.worker.path(), toPath: folder.path("worker"))
        let program = try ChildProcess(
            folder.path("worker"), ["sandbox"], environment: ["TMPDIR": folder.path], user: user)
        let status = try await program.drained()
        var found: [String: String] = [:]
        for line in program.lines.map(\.text) where line.hasPrefix("ok") || line.hasPrefix("WRONG") {
            let words = line.dropFirst(6).split(separator: ": ", maxSplits: 1).map(String.init)
            found[words[0]] = words.last
        }
        return (status, found)
    }

    @Test(arguments: [nil, "65534"])
    func holdsForRootAndForAnOrdinaryUser(_ user: String?) async throws {
        if user != nil { try #require(geteuid() == 0, "to become another user takes root") }
        let (status, found) = try await tried(as: user)
        #expect(status == .code(0), "\(found)")
        for deed in SandboxTrial.rights { #expect(found[deed] == "works", "\(deed)") }
        for deed in ["socket", "connect", "execve", "deed:fork", "ptrace", "bpf", "keyctl", "io_uring_setup", "mount"] {
            #expect(found[deed] == "ends the process", "\(deed)")
        }
        #expect(found.count >= SandboxTrial.rights.count + SandboxTrial.systemCalls.count)
        if ProcessSandbox.fileConfinement != .none {
            for deed in SandboxTrial.filePrivileges {
                #expect(found[deed] == "is refused: Permission denied", "\(deed)")
            }
        }
    }

    @Test func aProcessWithMoreThreadsIsNotConfinedByHalf() {
        // This process has many: that it goes on is what makes the other tests of this suite possible.
        let error = #expect(throws: ProcessError.self) { try ProcessSandbox().enter() }
        #expect(error?.description.contains("more than one thread") == true)
    }

    @Test func aViolationIsAnInputThatCannotBeUsed() throws {
        let end = ChildEnd(cause: .signalled(SIGSYS), interruption: nil, processorTime: .zero, peakMemory: 0)
        let failure = #expect(throws: JobFailure.self) {
            try MediaChild.judge(end, nil, timeout: .seconds(1), hasInputs: true) { false }
        }
        #expect(failure?.code == .inputInvalid && failure?.retryable == false)
    }

    @Test func aJobReadsItsInputsAndWritesBesideItsOutputsOnly() {
        let request = MediaJobRequest(
            operation: .transcode, inputs: ["source": ["/in/a.mov"]], output: "/scratch/video.mp4",
            companions: ["peaks": "/scratch/peaks.json"], parameters: [:], quality: .low, seed: 0,
            limits: MediaJobLimits(memory: 1 << 30, processorSeconds: 1))
        let sandbox = request.sandbox
        #expect(sandbox.writable == ["/scratch"])
        // Besides its inputs a job reads what every machine has for all, such as the font of burned-in text.
        #expect(sandbox.readable.filter { !$0.hasPrefix("/usr/share/") } == ["/in/a.mov"])
    }
}
