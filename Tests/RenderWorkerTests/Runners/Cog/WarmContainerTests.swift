import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// Models of the real Cog in containers of a real engine.
@Suite("Warm containers", .timeLimit(.minutes(10)), .serialized) struct WarmContainerTests {
    @Test("Two takes of one loading of the model, with inputs, progress, log and what made them")
    func warm() async throws {
        try await CogStage.with { studio in
            try studio.stage.writeInput([UInt8](repeating: 7, count: 5000), "01_Assets/one.png")
            try studio.stage.writeInput("No wind.".utf8, "01_Assets/notes.txt")
            let job = try await studio.submit(
                ["seed": .unsigned(UInt64.max), "prompt": "a sea"],
                inputs: [
                    "image": "01_Assets/one.png", "images/0": "01_Assets/one.png", "notes": "01_Assets/notes.txt",
                ])
            let first = try await studio.model(job)
            let log = try await studio.log(job)
            #expect(log.contains("seed 18446744073709551615, prompt 'a sea', strength 0.25, notes 'No wind.'"))
            #expect(log.contains("input of 5000 bytes at /studio/inputs/\(job)-1/image/0.png"), "\(log)")
            #expect(log.contains("input of 5000 bytes at /studio/inputs/\(job)-1/images/0.png"))
            let take = try #require(try await studio.stage.takes.get(job: job))
            #expect(take.probe?["streams"]?.arrayValue?.first?["width"]?.intValue == 64)
            let origin = take.provenance?["runner"]
            #expect(origin?["image"]?.stringValue == CogStage.image)
            #expect(origin?["imageDigest"]?.stringValue?.hasPrefix("sha256:") == true)
            #expect(origin?["cogVersion"] == "0.23.1")
            #expect(origin?["modelVersion"] == "1.4.0")
            let stages = studio.reports.value.map(\.stage)
            #expect(stages.contains("loading the model"))
            #expect(stages.contains("running"))
            #expect(studio.warm.value == [["lake"]])
            let second = try await studio.submit()
            #expect(try await studio.model(second) == first, "the model was loaded again")
            #expect(try await studio.living().count == 1)
        }
    }

    @Test("Jobs of one function wait in line for its container, and one that is cancelled leaves the line")
    func line() async throws {
        try await CogStage.with { studio in
            let held = try await studio.submit(["mode": "wait"])
            let (holding, leaving) = (RunStop(), RunStop())
            async let first = studio.attempt(held, stop: holding)
            try await studio.untilAtWork(held)
            var waiting: [JobID] = []
            for _ in 0..<3 { waiting.append(try await studio.submit()) }
            let (one, two, three) = (waiting[0], waiting[1], waiting[2])
            async let second = studio.attempt(one)
            try await studio.untilProgress("waiting for the model", of: one)
            async let left = studio.attempt(two, stop: leaving)
            try await studio.untilProgress("waiting for the model", of: two)
            async let third = studio.attempt(three)
            try await studio.untilProgress("waiting for the model", of: three)
            leaving.stop(.cancelled)
            #expect(try await left.state == .cancelled)
            holding.stop(.cancelled)
            #expect(try await first.state == .cancelled)
            #expect(try await second.state == .succeeded)
            #expect(try await third.state == .succeeded)
            #expect(try await studio.living().count == 1)
        }
    }

    @Test("After a cancel the model is used again where it obeys, and loaded again where it does not")
    func cancel() async throws {
        try await CogStage.with { studio in
            let before = try await studio.model(studio.submit())
            for (mode, stays) in [("wait", true), ("ignore", false)] {
                let job = try await studio.submit(["mode": .string(mode)])
                let stop = RunStop()
                async let record = studio.attempt(job, stop: stop)
                try await studio.untilAtWork(job)
                stop.stop(.cancelled)
                #expect(try await record.state == .cancelled)
                #expect(try await (studio.model(studio.submit()) == before) == stays, "\(mode)")
            }
            #expect(try await studio.living().count == 1)
        }
    }

    @Test("A model or a container that dies in the middle fails as one that may be tried again, by a new container")
    func crashes() async throws {
        try await CogStage.with { studio in
            let before = try await studio.model(studio.submit())
            let job = try await studio.submit(["mode": "wait"], maxAttempts: 2)
            async let record = studio.attempt(job)
            try await studio.untilAtWork(job)
            let id = try #require(try await studio.living().first)
            try await studio.docker.request("POST", "/containers/\(id)/kill")
            #expect(try await record.state == .queued)
            let failure = try await studio.stage.sql(
                "SELECT failure->>'code', failure->>'logTail' FROM job_attempts WHERE job_id = '\(job)'"
            ).joined(separator: "\n")
            #expect(failure.hasPrefix("runner-failed"), "\(failure)")
            #expect(failure.contains("seed 0"), "\(failure)")
            let after = try await studio.model(studio.submit())
            #expect(after != before)
            let died = try #require(try await studio.run(["mode": "die"]).failure)
            #expect(died.code == .runnerFailed)
            #expect(died.retryable)
            #expect(died.message == "The model's process ended in the middle of its work.")
            #expect(try await studio.model(studio.submit()) != after)
            let grown = try #require(
                try await studio.run(["mode": "grow"], resources: ["memoryMB": 256]).failure)
            #expect(grown.code == .outOfMemory, "\(grown)")
            let raised = try #require(try await studio.run(["mode": "raise"]).failure)
            #expect(raised.message == "ValueError: strength is\nnegative")
            #expect(raised.logTail?.contains("at work") == true, "\(raised.logTail ?? "")")
        }
    }

    @Test("A model that cannot be loaded says why, and one that takes too long is given up")
    func loading() async throws {
        try await CogStage.with { studio in
            let failed = try #require(
                try await studio.run(name: "broken", runner: ["environment": ["TEST_SETUP": "fail"]]).failure)
            #expect(failed.code == .runnerFailed)
            #expect(!failed.retryable)
            #expect(failed.message.contains("RuntimeError: the weights are missing"), "\(failed.message)")
            let hanging = try #require(
                try await studio.run(
                    name: "slow", runner: ["environment": ["TEST_SETUP": "hang"], "setupSeconds": 2]
                ).failure)
            #expect(hanging.code == .runnerTimeout)
            #expect(hanging.message.contains("not loaded within the 2 s"))
            let other = try #require(
                try await studio.run(name: "none", runner: ["command": ["python", "-c", "print('bye')"]]).failure)
            #expect(other.message.contains("ended with exit code 0 while it loaded"), "\(other)")
            #expect(other.logTail?.contains("bye") == true)
            #expect(try await studio.living() == [])
        }
    }

    @Test("A container without work is stopped after its time, and those not used go where memory is short")
    func eviction() async throws {
        try await CogStage.with(megabytes: 1100) { studio in
            _ = try await studio.model(studio.submit(name: "short", runner: ["idleSeconds": 1]))
            try await eventually("the container without work is gone") { try await studio.living().isEmpty }
            #expect(studio.warm.value == [["short"], []])
            // Functions of the same image and settings share a container; these are not the same.
            func model(_ name: String) async throws -> String {
                try await studio.model(
                    studio.submit(name: name, runner: ["environment": ["TEST_NAME": .string(name)]]))
            }
            let one = try await model("one")
            let two = try await model("two")
            #expect(two != one)
            #expect(try await model("one") == one)
            #expect(try await model("three") != two)
            #expect(try await studio.living("two") == [], "it was used least lately")
            #expect(try await studio.living("one").count == 1)
            #expect(try await model("one") == one)
            #expect(studio.warm.value.last == ["one", "three"])
            let large = try #require(
                try await studio.run(name: "large", resources: ["memoryMB": 2048]).failure)
            #expect(large.code == .runnerUnknown)
            #expect(large.message.contains("2048 MiB"))
        }
    }

    @Test("It reaches no network and writes nothing but what it may")
    func isolation() async throws {
        try await CogStage.with { studio in
            let job = try await studio.submit(["mode": "reach"])
            _ = try await studio.model(job)
            let log = try await studio.log(job)
            #expect(!log.contains("reached"), "\(log)")
            #expect(!log.contains("wrote"), "\(log)")
            #expect(log.contains("no way to 1.1.1.1"))
            #expect(log.contains("no writing /studio/inputs/made"))
            #expect(log.contains("user 10001, interfaces ['lo']"), "\(log)")
        }
    }

    @Test("Outputs have a bound, parameters that the model does not have are refused, and what is no picture too")
    func refused() async throws {
        try await CogStage.with { studio in
            let before = try await studio.model(studio.submit())
            let unknown = try #require(try await studio.run(["prmpt": "a lake"]).failure)
            #expect(unknown.code == .parametersInvalid)
            #expect(unknown.message.contains("no input prmpt"), "\(unknown.message)")
            #expect(try await studio.model(studio.submit()) == before)
            for (make, message) in [
                ("large", "413"), ("liar", "not what it is to be"), ("address", "an address"),
                ("nothing", "made nothing"), ("list", "a list of 2"),
            ] {
                let failure = try #require(
                    try await studio.run(["make": .string(make), "width": 40], runner: ["outputMB": 16]).failure)
                #expect(failure.code == .outputInvalid, "\(make)")
                #expect(failure.message.contains(message), "\(make): \(failure.message)")
            }
        }
    }

    @Test("A large file is put aside by the model's server, and copied from there")
    func large() async throws {
        try await CogStage.with { studio in
            let manifest = CogStage.manifest(
                more: ["outputs": ["weights": ["type": "model", "primary": true, "extension": "bin"]]])
            let context = RunContext(
                key: AttemptKey(job: JobID(), attempt: 1), function: try FunctionManifest(manifest), inputs: [:],
                scratch: studio.stage.workspace.path, parameters: ["make": "large", "width": 100], quality: .low,
                seed: 0, timeout: .seconds(60), progress: { _ in }, log: { _ in })
            let result = try await CogRunner(host: studio.host, containers: studio.containers).run(context)
            #expect(result.files == ["weights": studio.stage.workspace.path("weights.bin")])
            let status = try FileStatus(path: studio.stage.workspace.path("weights.bin"))
            #expect(status.size == 100 << 20 + 8)
            #expect(status.owner == 0)
        }
    }
}
