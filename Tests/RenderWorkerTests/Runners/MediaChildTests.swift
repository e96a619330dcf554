import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Media work in real children of the real program.
@Suite(.timeLimit(.minutes(10))) struct MediaChildTests {
    private let folder: TemporaryDirectory
    private let child: MediaChild

    init() throws {
        folder = try TemporaryDirectory("media")
        child = MediaChild(program: try ProgramUnderTest.worker.path(), environment: ["MALLOC_ARENA_MAX": "2"])
    }

    private func request(
        _ operation: MediaOperation, inputs: [String: [String]] = [:], _ parameters: [String: JSONValue] = [:],
        memory: Int = 8 << 30, fileSize: Int = 1 << 40, output: String = "out.mp4"
    ) -> MediaJobRequest {
        var limits = MediaJobLimits(memory: memory, processorSeconds: 600)
        limits.fileSize = fileSize
        return MediaJobRequest(
            operation: operation, inputs: inputs, output: folder.path(output), parameters: parameters, quality: .low,
            seed: 7, limits: limits)
    }

    private static let long: [String: JSONValue] = [
        "prompt": "a long take", "seconds": 600, "width": 640, "height": 360, "frameRate": "60",
    ]

    private func failure(_ request: MediaJobRequest, timeout: Duration = .seconds(60)) async throws -> JobFailure? {
        await #expect(throws: JobFailure.self) {
            try await child.perform(request, timeout: timeout, progress: { _ in }, log: { _ in })
        }
    }

    @Test func aVideoIsMadeWithProgressAndCanBeInspected() async throws {
        let seen = Watched<[RunProgress]>([])
        _ = try await child.perform(
            request(.mockVideo, ["prompt": "dawn", "seconds": 1, "width": 128, "height": 72]), timeout: .seconds(60),
            progress: { progress in seen.update { $0.append(progress) } }, log: { _ in })
        let fractions = seen.value.compactMap(\.fraction)
        #expect(fractions.first == 0 && fractions.last == 1 && fractions == fractions.sorted())
        let found = try await child.perform(
            request(.inspect, inputs: ["source": [folder.path("out.mp4")]], output: "thumbnail.jpg"),
            timeout: .seconds(60), progress: { _ in }, log: { _ in })
        #expect(found["hasThumbnail"] == .bool(true))
        #expect(found["probe"]?["streams"]?.arrayValue?.first?["frameCount"]?.intValue == 24)
        #expect(RegularFile.size(of: folder.path("thumbnail.jpg")) ?? 0 > 0)
    }

    /// Where x265 has threads for it, it codes the rows of a picture side by side, and says so in the stream; without a pool
    /// of threads it would use one core of all that there are.
    @Test func theSandboxLeavesHEVCItsThreads() async throws {
        _ = try await child.perform(
            request(.mockVideo, ["prompt": "dawn", "seconds": 1, "width": 320, "height": 180], output: "in.mp4"),
            timeout: .seconds(60), progress: { _ in }, log: { _ in })
        _ = try await child.perform(
            request(
                .transcode, inputs: ["source": [folder.path("in.mp4")]], ["container": "mp4", "videoCodec": "hevc"]),
            timeout: .seconds(60), progress: { _ in }, log: { _ in })
        let judged = try await ChildProcess.run(
            "ffmpeg",
            ["-v", "verbose", "-i", folder.path("out.mp4"), "-c", "copy", "-bsf:v", "trace_headers"]
                + ["-frames:v", "1", "-f", "null", "-"], within: .seconds(60))
        let flags = judged.errors.split(separator: "\n").filter { $0.contains("entropy_coding_sync_enabled_flag") }
        #expect(!flags.isEmpty && flags.allSatisfy { $0.hasSuffix("= 1") }, "\(flags)")
    }

    @Test func garbageIsAnInputThatCannotBeUsed() async throws {
        let noise = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        try folder.write(noise, to: "noise.mp4")
        try folder.write([], to: "empty.mp4")
        for name in ["noise.mp4", "empty.mp4"] {
            let failure = try await failure(request(.transcode, inputs: ["source": [folder.path(name)]]))
            #expect(failure?.code == .inputInvalid, "\(name)")
            #expect(failure?.message.contains(name) == true)
            #expect(failure?.message.contains(folder.path) == false, "no path of the machine")
        }
        let missing = try await failure(request(.transcode, inputs: ["source": [folder.path("none.mp4")]]))
        #expect(missing?.code == .inputMissing)
    }

    @Test func parametersThatMakeNoSenseAreNamed() async throws {
        let failure = try await failure(request(.mockVideo, ["prompt": "x", "width": 3]))
        #expect(failure?.code == .parametersInvalid)
        #expect(failure?.retryable == false)
    }

    @Test func anOutputLargerThanItMayBeFails() async throws {
        let failure = try await failure(request(.mockVideo, Self.long, fileSize: 10_000))
        #expect(failure?.code == .storageFull || failure?.code == .outputInvalid)
    }

    @Test func memoryBeyondTheLimitIsToldApart() async throws {
        let failure = try await failure(
            request(.mockImage, ["prompt": "x", "width": 8000, "height": 8000], memory: 400 << 20))
        #expect(failure?.code == .outOfMemory)
    }

    @Test func aKilledChildIsAFailedRunnerWithItsSignal() async throws {
        let started = Signal("the child encodes")
        let task = Task {
            try await child.perform(
                request(.mockVideo, Self.long), timeout: .seconds(600),
                progress: { if $0.fraction ?? 0 > 0 { started.fire() } },
                log: { _ in })
        }
        try await started.wait()
        for pid in children(of: getpid(), running: "media-job", in: folder.path) { kill(pid, SIGKILL) }
        let failure = await #expect(throws: JobFailure.self) { try await task.value }
        #expect(failure?.code == .runnerFailed)
        #expect(failure?.message.contains("signal 9") == true)
        #expect(failure?.retryable == true)
    }

    @Test func aTimeoutEndsTheChild() async throws {
        let failure = try await failure(request(.mockVideo, Self.long), timeout: .milliseconds(300))
        #expect(failure?.code == .runnerTimeout)
    }

    @Test func aCancelEndsTheChild() async throws {
        let started = Signal("the child encodes")
        let task = Task {
            try await child.perform(
                request(.mockVideo, Self.long), timeout: .seconds(600),
                progress: { if $0.fraction ?? 0 > 0 { started.fire() } },
                log: { _ in })
        }
        try await started.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) {
            try await within(.seconds(10), "the end of the child") { try await task.value }
        }
        #expect(children(of: getpid(), running: "media-job", in: folder.path) == [])
    }

    @Test func aChildWhoseWorkerIsGoneEnds() async throws {
        // The shell stands for the worker: it starts the child, and is killed.
        let request = try request(.mockVideo, Self.long).line()
        try folder.write(request, to: "request.json")
        let program = try ProgramUnderTest.worker.path()
        let parent = try ChildProcess(
            "/bin/sh",
            [
                "-c",
                "{ sed \"s/\\\"parent\\\":[0-9]*/\\\"parent\\\":$$/\" \(folder.path("request.json")); sleep 3600; } | \(program) media-job",
            ])
        try await parent.line(containing: "encoding")
        // Not a shell that is about to become its other half.
        let worker = try #require(children(of: parent.pid, running: "\(program)\0media-job", in: nil).first)
        parent.send(SIGKILL)
        try await eventually("the child ended") { kill(worker, 0) != 0 }
    }

    @Test func whatTheKernelSaysDecidesBetweenCrashAndMemory() {
        let killed = ChildEnd(cause: .signalled(SIGKILL), interruption: nil, processorTime: .zero, peakMemory: 0)
        func code(_ end: ChildEnd, memory: Bool) -> FailureCode? {
            do {
                _ = try MediaChild.judge(end, nil, timeout: .seconds(1), hasInputs: true) { memory }
                return nil
            } catch let failure as JobFailure { return failure.code } catch { return nil }
        }
        #expect(code(killed, memory: true) == .outOfMemory)
        #expect(code(killed, memory: false) == .runnerFailed)
        var end = killed
        end.cause = .signalled(SIGXCPU)
        #expect(code(end, memory: false) == .runnerTimeout)
        end.cause = .exited(0)
        #expect(code(end, memory: false) == .runnerFailed, "an end without a result is no success")
    }

    @Test(arguments: [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV])
    func `A crash over an input speaks against no worker, one without input does`(_ signal: Int32) {
        let end = ChildEnd(cause: .signalled(signal), interruption: nil, processorTime: .zero, peakMemory: 0)
        func failure(hasInputs: Bool) -> JobFailure? {
            #expect(throws: JobFailure.self) {
                try MediaChild.judge(end, nil, timeout: .seconds(1), hasInputs: hasInputs) { false }
            }
        }
        let overInput = failure(hasInputs: true)
        #expect(overInput?.code == .inputInvalid && overInput?.retryable == true)
        #expect(overInput?.code.speaksAgainstWorker == false)
        #expect(overInput?.message.contains("signal \(signal) ") == true)
        let alone = failure(hasInputs: false)
        #expect(alone?.code == .runnerFailed && alone?.code.speaksAgainstWorker == true)
    }

    /// The running children of a process whose command line has a word.
    private func children(of parent: Int32, running word: String, in folder: String?) -> [Int32] {
        WorkspaceFolders.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
            func read(_ file: String) -> String {
                FileManager.default.contents(atPath: "/proc/\(pid)/\(file)").map { String(decoding: $0, as: UTF8.self) }
                    ?? ""
            }
            let status = read("stat").split(separator: ") ").last?.split(separator: " ") ?? []
            guard status.count > 1, status[0] != "Z", Int32(status[1]) == parent else { return false }
            guard read("cmdline").contains(word) else { return false }
            guard let folder else { return true }
            return WorkspaceFolders.names(in: "/proc/\(pid)/fd").contains { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(descriptor)")
                return target?.hasPrefix(folder) ?? false
            }
        }
    }
}
