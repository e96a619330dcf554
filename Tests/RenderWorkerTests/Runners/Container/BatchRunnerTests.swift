import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Functions in containers of a real engine, with the protocol `batch`.
@Suite("Batch containers", .timeLimit(.minutes(10)), .serialized) struct BatchRunnerTests {
    @Test(
        "A picture that a container made is a take, with what it was told, its progress, its log and its image's digest"
    )
    func take() async throws {
        try await ContainerStage.with { studio in
            try studio.stage.writeInput(Data(base64Encoded: ContainerStage.picture) ?? Data(), "01_Assets/one.png")
            try studio.stage.workspace.write(Array("weights".utf8), to: "Library/Models/tiny/model.bin")
            let job = try await studio.submit(
                """
                cat /studio/request.json; echo
                ls -R /studio
                echo '{"progress": 0.25, "stage": "painting", "message": "first stroke"}'
                echo '{"progress": 7}'
                echo '{"progress": "half"}'
                cat /studio/models/tiny/model.bin; echo
                cmp /studio/inputs/image/0.png /studio/inputs/frames/1.png && echo same
                echo "to the other stream" >&2
                id -u
                /picture
                printf 'the last line'
                """,
                parameters: ["seed": .unsigned(UInt64.max)],
                inputs: [
                    "image": "01_Assets/one.png", "frames/0": "01_Assets/one.png", "frames/1": "01_Assets/one.png",
                ], more: ["models": ["tiny/model.bin"]])
            let record = try await studio.attempt(job)
            let log = try await studio.log(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))\n\(log)")
            let take = try #require(try await studio.stage.takes.get(job: job))
            #expect(take.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.png")
            #expect(take.probe?["streams"]?.arrayValue?.first?["width"]?.intValue == 32)
            let origin = take.provenance?["runner"]
            #expect(origin?["image"]?.stringValue == ContainerStage.image)
            #expect(origin?["imageDigest"]?.stringValue?.hasPrefix("sha256:") == true)
            for line in [
                #""seed":18446744073709551615"#, #""job":"\#(job)""#, #""attempt":1"#, #""strength":0.5"#,
                #""image":"/studio/inputs/image/0.png""#, #""tiny/model.bin":"/studio/models/tiny/model.bin""#,
                #""frames":["/studio/inputs/frames/0.png","/studio/inputs/frames/1.png"]"#, "weights", "same",
                "to the other stream", "10001", "the last line", #"{"progress": "half"}"#,
            ] { #expect(log.contains(line), "\(line) is not in\n\(log)") }
            #expect(!log.contains("first stroke"), "progress is no log")
            let reports = studio.reports.value
            #expect(reports.contains { $0.stage == "publishing" })
            #expect(reports.allSatisfy { (0...1).contains($0.progress) })
        }
    }

    @Test("Outputs may be named, and metadata goes into the take's provenance")
    func result() async throws {
        try await ContainerStage.with { studio in
            let job = try await studio.submit(
                """
                mkdir /studio/outputs/frames && /picture /studio/outputs/frames/last.png
                echo '{"outputs": {"image": "/studio/outputs/frames/last.png"}, "metadata": {"steps": 20}}' \
                    >/studio/outputs/result.json
                """)
            let record = try await studio.attempt(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let take = try #require(try await studio.stage.takes.get(job: job))
            #expect(take.provenance?["runner"]?["metadata"] == ["steps": 20])
            try await studio.stage.checkRepository(takes: 1)
        }
    }

    @Test("The exit code says whether another attempt is of use")
    func exits() async throws {
        try await ContainerStage.with { studio in
            for (code, retryable) in [(1, true), (63, true), (64, false), (78, false), (79, true), (137, true)] {
                let failure = try await studio.failure("/picture; exit \(code)")
                #expect(failure.code == .runnerFailed, "\(code): \(failure)")
                #expect(failure.retryable == retryable, "\(code)")
                #expect(failure.isElsewhere == false, "it is not kept")
            }
            // Nobody says who killed it: that memory may have been short is worth a look, and not more than a guess.
            let killed = try await studio.failure("exit 137", resources: ["memoryMB": 64])
            #expect(killed.message.contains("may have needed more than the 64 MiB"), "\(killed)")
            #expect(try await studio.failure("true").message.contains("did not make its output image"))
            #expect(try await studio.failure("echo x >/studio/outputs/image.png").code == .outputInvalid)
            #expect(try await studio.failure("echo [] >/studio/outputs/result.json").message.contains("result.json"))
            let nothing = try await studio.failure("", runner: ["command": ["/bin/absent"]])
            #expect(nothing.code == .runnerFailed)
        }
    }

    @Test("A container that needs more memory than it may have is out of memory")
    func memory() async throws {
        try await ContainerStage.with { studio in
            let failure = try await studio.memoryFailure("tail /dev/zero", megabytes: 32)
            #expect(failure.code == .outOfMemory)
            #expect(failure.retryable)
            #expect(failure.message.contains("32 MiB"))
        }
    }

    @Test("A container that takes too long is ended")
    func timeout() async throws {
        try await ContainerStage.with { studio in
            let failure = try await studio.failure("sleep 1000", timeoutSeconds: 2)
            #expect(failure.code == .runnerTimeout)
        }
    }

    @Test("A cancel asks the container to end; one that does not listen is killed", arguments: [true, false])
    func cancel(isListening: Bool) async throws {
        try await ContainerStage.with(pauses: StopPauses(ask: .seconds(isListening ? 60 : 0))) { studio in
            let trap = isListening ? "trap 'exit 0' TERM" : "trap '' TERM"
            let job = try await studio.submit(
                "\(trap); echo '{\"progress\": 0, \"stage\": \"painting\"}'; while :; do sleep 0.05; done")
            let stop = RunStop()
            async let record = studio.attempt(job, stop: stop)
            try await studio.untilProgress("painting")
            stop.stop(.cancelled)
            #expect(try await record.state == .cancelled)
        }
    }

    @Test("A line without an end, and bytes that are no text, harm nobody")
    func lines() async throws {
        try await ContainerStage.with { studio in
            let job = try await studio.submit(
                """
                head -c 3000000 /dev/zero | tr '\\0' x; echo
                printf 'broken \\377\\376 text\\n'
                i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i + 1)); done
                head -c 100000 /dev/urandom >&2
                /picture
                """)
            let record = try await studio.attempt(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let log = try await studio.log(job)
            #expect(log.contains("broken \u{FFFD}"))
            #expect(log.contains("line 2999"))
            #expect(log.utf8.count <= LogBuffer.bound + 1000)
        }
    }

    @Test("An image that may not be pulled, one that nobody has, GPUs that are not there, and no engine at all")
    func missing() async throws {
        try await ContainerStage.with { studio in
            let absent = try await studio.failure("", image: "studio-test/absent:1", runner: ["pullPolicy": "Never"])
            #expect(absent.code == .runnerUnknown)
            #expect(absent.retryable)
            let nowhere = try await studio.failure("", image: "127.0.0.1:1/absent:1")
            #expect(nowhere.code == .runnerFailed)
            #expect(nowhere.retryable)
            #expect(nowhere.message.contains("could not be pulled"))
            let gpus = try await studio.failure("/picture", resources: ["gpu": 1])
            #expect(gpus.code == .runnerUnknown)
            #expect(gpus.message.contains("GPU"))
            let folder = try TemporaryDirectory("nobody")
            let nobody = ContainerHost(
                engine: ContainerEngine(.unixSocket(folder.path("s"))), worker: studio.stage.worker,
                user: ContainerUser(ofWorker: 0, 0))
            let job = try await studio.submit("/picture", maxAttempts: 1)
            let runners = ["container": ContainerRunner(batch: BatchRunner(host: nobody), cog: nil)]
            let record = try await studio.stage.attempt(job, in: studio.stage.surroundings(runners: runners))
            #expect(record.failure?.code == .runnerUnknown)
        }
    }

    @Test("The engine may have the workspace under another path, which an operator says")
    func paths() async throws {
        try await ContainerStage.with { studio in
            let elsewhere = try TemporaryDirectory("elsewhere")
            #expect(symlink(studio.stage.workspace.path, elsewhere.path("workspace")) == 0)
            for (there, state) in [(elsewhere.path("workspace"), JobState.succeeded), (elsewhere.path("no"), .failed)] {
                let host = ContainerHost(
                    engine: studio.host.engine, worker: studio.stage.worker, user: studio.host.user,
                    workspace: HostPaths.Place(here: studio.stage.workspace.path, there: there))
                let job = try await studio.submit("/picture", maxAttempts: 1)
                let runners = ["container": ContainerRunner(batch: BatchRunner(host: host), cog: nil)]
                let record = try await studio.stage.attempt(job, in: studio.stage.surroundings(runners: runners))
                #expect(record.state == state, "\(String(describing: record.failure))")
                if state == .failed { #expect(record.failure?.message.contains("WORKSPACE_HOST_ROOT") == true) }
            }
        }
    }
}
