import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// One job from its claim to its end, with every way it can end.
@Suite(.timeLimit(.minutes(10))) struct JobRunTests {
    @Test func aVideoBecomesATakeWithAllThatBelongsToIt() async throws {
        try await Stage.with { stage in
            let reports = Watched<[ProgressReport]>([])
            let job = try await stage.submit(
                "mock-video", parameters: ["prompt": "harbour", "seconds": 1, "width": 128, "height": 72, "seed": 42])
            let surroundings = stage.surroundings(progress: { report in reports.update { $0.append(report) } })
            let record = try await stage.attempt(job, in: surroundings)
            #expect(record.state == .succeeded)
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4")
            #expect(take.mediaType == "video/mp4")
            #expect(take.hasThumbnail)
            let file = "\(stage.projectPath)/\(take.path)"
            var status = stat()
            #expect(lstat(file, &status) == 0 && status.st_mode & 0o777 == 0o444)
            #expect(sha256(FileManager.default.contents(atPath: file) ?? Data()) == take.sha256)
            #expect(RegularFile.size(of: "\(stage.projectPath)/05_Cache/thumbnails/\(take.id).jpg") ?? 0 > 0)

            let sidecar = try JSONText.decode(
                JSONValue.self,
                from: FileManager.default.contents(
                    atPath: "\(stage.projectPath)/03_Renders/SHOT-010/SHOT-010_v01_take01.json") ?? Data())
            #expect(sidecar == take.provenance)
            #expect(sidecar["sha256"]?.stringValue == take.sha256)
            #expect(sidecar["parameters"]?["seed"]?.intValue == 42)
            #expect(sidecar["parameters"]?["frameRate"]?.stringValue == "24", "defaults count as parameters")
            #expect(sidecar["probe"]?["streams"]?.arrayValue?.first?["frameCount"]?.intValue == 24)
            #expect(take.probe == sidecar["probe"])

            try await stage.checkRepository(takes: 1)
            #expect(
                try await stage.git("log", "-1", "--format=%an <%ae> %s").trimmed
                    == "Ada <ada@example.com> Take SHOT-010_v01_take01 by mock-video 1.0.0")
            #expect(try await stage.git("cat-file", "-p", "HEAD:\(take.path)").hasPrefix("version https://git-lfs"))
            #expect(try await stage.jobs.readLog(job).map(\.lines).joined().contains("mock-video begins"))
            #expect(reports.value.allSatisfy { $0.attempt == 1 && $0.project == stage.project })
        }
    }

    @Test func aTakeIsTheInputOfTheNextJob() async throws {
        try await Stage.with { stage in
            let first = try await stage.submit(
                "mock-video", parameters: ["prompt": "x", "seconds": 1, "width": 64, "height": 48])
            #expect(try await stage.attempt(first).state == .succeeded)
            let second = try await stage.submit(
                "transcode", parameters: ["width": 32], inputs: ["source": "job:\(first)"], dependsOn: [first])
            let record = try await stage.attempt(second)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let source = try #require(try await stage.takes.get(job: first))
            let take = try #require(try await stage.takes.get(job: second))
            #expect(take.number == 2)
            #expect(take.provenance?["inputs"]?.arrayValue?.first?["sha256"]?.stringValue == source.sha256)
            #expect(take.probe?["streams"]?.arrayValue?.first?["width"]?.intValue == 32)
            try await stage.checkRepository(takes: 2)
        }
    }

    @Test func aSequenceIsAssembledInTheOrderOfTheJob() async throws {
        try await Stage.with { stage in
            var inputs: [String: String] = [:]
            // More than ten: the order is by number, not by text.
            for index in 0..<12 {
                let path = "01_Assets/Media/Images/frame\(99 - index).png"
                _ = try await stage.child.perform(
                    MediaJobRequest(
                        operation: .mockImage, inputs: [:], output: "\(stage.projectPath)/\(path)",
                        parameters: ["prompt": .string("\(index)"), "width": 32, "height": 32], quality: .low, seed: 1,
                        limits: MediaJobLimits(memory: Stage.memory, processorSeconds: 60)),
                    timeout: .seconds(60), progress: { _ in }, log: { _ in })
                inputs["frames/\(index)"] = path
            }
            let job = try await stage.submit("assemble", parameters: [:], inputs: inputs)
            let claimed = try await stage.claim(job)
            let references = claimed.inputReferences["frames"]?.map(\.reference)
            #expect(references == (0..<12).map { "01_Assets/Media/Images/frame\(99 - $0).png" })
            await JobRun(claimed, stop: RunStop(), in: stage.surroundings()).carryOut()
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.probe?["streams"]?.arrayValue?.first?["frameCount"]?.intValue == 12)
            #expect(take.provenance?["inputs"]?.arrayValue?.count == 12)
        }
    }

    @Test func inputsThatAreNotThereOrNoMediaFailForGood() async throws {
        try await Stage.with { stage in
            try stage.writeInput(Array("not media at all".utf8), "01_Assets/Media/Video/fake.mp4")
            symlink("/etc/passwd", "\(stage.projectPath)/01_Assets/Media/Video/link.mp4")
            let cases: [(String, FailureCode)] = [
                ("01_Assets/Media/Video/none.mp4", .inputMissing), ("01_Assets/Media/Video/link.mp4", .inputMissing),
                ("../film/project.json", .inputMissing), (".git/config", .inputMissing),
                ("01_Assets/Media/Video", .inputMissing), ("01_Assets/Media/Video/fake.mp4", .inputInvalid),
            ]
            for (input, code) in cases {
                let job = try await stage.submit("transcode", parameters: [:], inputs: ["source": input])
                let record = try await stage.attempt(job)
                #expect(record.state == .failed, "\(input)")
                #expect(record.failure?.code == code, "\(input)")
                #expect(record.failure?.message.contains(stage.projectPath) == false)
            }
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "1")
            #expect(try stage.folder.scratches == [])
        }
    }

    @Test func anOutputThatIsNoMediaFailsAsSuch() async throws {
        try await Stage.with { stage in
            for bytes in [[], Array("no picture".utf8)] {
                let job = try await stage.submit()
                let runner = ScriptedRunner { context in
                    let path = "\(context.scratch)/image.png"
                    try Data(bytes).write(to: URL(filePath: path))
                    return ["image": path]
                }
                let record = try await stage.attempt(job, in: stage.surroundings(runners: ["encoder": runner]))
                #expect(record.failure?.code == .outputInvalid)
                #expect(try await stage.takes.get(job: job) == nil)
            }
            let job = try await stage.submit()
            let elsewhere = ScriptedRunner { _ in ["image": "/etc/passwd"] }
            let record = try await stage.attempt(job, in: stage.surroundings(runners: ["encoder": elsewhere]))
            #expect(record.failure?.code == .outputInvalid, "only the scratch folder's files can become takes")
        }
    }

    @Test func aFailureIsRetriedUntilTheAttemptsAreUsedUpAndCarriesItsLog() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(maxAttempts: 2)
            let runner = ScriptedRunner { context in
                context.log("about to break")
                throw JobFailure(.runnerFailed, "It broke.")
            }
            let surroundings = stage.surroundings(runners: ["encoder": runner])
            #expect(try await stage.attempt(job, in: surroundings).state == .queued)
            try await eventually("the retry is due") {
                try await stage.sql("SELECT 1 FROM jobs WHERE not_before > now()").isEmpty
            }
            let record = try await stage.attempt(job, in: surroundings)
            #expect(record.state == .failed)
            #expect(record.failure?.message == "It broke.")
            #expect(record.failure?.logTail?.contains("about to break") == true)
            #expect(try await stage.jobs.readLog(job, attempt: 2).map(\.lines).joined().contains("about to break"))
        }
    }

    @Test func aCancelStopsTheWorkAndLeavesNothing() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(
                "mock-video", parameters: ["prompt": "x", "seconds": 600, "width": 640, "height": 360])
            let claimed = try await stage.claim(job)
            let stop = RunStop()
            let isEncoding = Signal("the child encodes")
            let surroundings = stage.surroundings(progress: { _ in isEncoding.fire() })
            let run = Task { await JobRun(claimed, stop: stop, in: surroundings).carryOut() }
            try await isEncoding.wait()
            _ = try await stage.jobs.cancel(job)
            stop.stop(.cancelled)
            try await within(.seconds(10), "the end of the run") { await run.value }
            #expect(try await stage.jobs.get(job)?.state == .cancelled)
            #expect(try stage.folder.scratches == [])
            #expect(try await stage.takes.get(job: job) == nil)
        }
    }

    @Test func aDrainedJobGoesBackUncounted() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let started = Signal("the runner runs")
            let stop = RunStop()
            let runner = ScriptedRunner { _ in
                started.fire()
                try await untilCancelled()
                return [:]
            }
            let claimed = try await stage.claim(job)
            let surroundings = stage.surroundings(runners: ["encoder": runner])
            let run = Task { await JobRun(claimed, stop: stop, in: surroundings).carryOut() }
            try await started.wait()
            stop.stop(.released)
            try await within(.seconds(10), "the end of the run") { await run.value }
            let record = try #require(try await stage.jobs.get(job))
            #expect(record.state == .queued)
            #expect(record.countedAttempts == 0)
            #expect(try await stage.attempt(job).state == .succeeded)
        }
    }

    @Test func aLostLeaseWritesNothing() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let stop = RunStop()
            let runner = ScriptedRunner { _ in
                stop.stop(.leaseLost)
                try await untilCancelled()
                return [:]
            }
            let surroundings = stage.surroundings(runners: ["encoder": runner])
            #expect(try await stage.attempt(job, in: surroundings, stop: stop).state == .running)
            #expect(try stage.folder.scratches == [])
        }
    }

    @Test(arguments: [PublishingStep.stored, .placed])
    func aFullDiskLeavesNothingHalfMadeAndTheRetryNeedNotRender(_ step: PublishingStep) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let runs = Watched(0)
            let runners = ["encoder": ScriptedRunner.counting(runs, stage)]
            let isFull = Watched(true)
            let record = try await stage.attempt(
                job,
                in: stage.surroundings(
                    runners: runners,
                    after: { done in
                        if done == step, isFull.value { throw FileError(errno: ENOSPC, "writing", "/x/y") }
                    }))
            #expect(record.state == .queued)
            let attempts = try await stage.jobs.attempts(of: job)
            #expect(attempts.first?.failure?.code == .storageFull)
            #expect(attempts.first?.failure?.message.contains("/x") == false)
            #expect(try await stage.git("status", "--porcelain") == "")
            #expect(try stage.folder.scratches == [])
            isFull.update { $0 = false }
            try await eventually("the retry is due") {
                try await stage.sql("SELECT 1 FROM jobs WHERE not_before > now()").isEmpty
            }
            #expect(try await stage.attempt(job, in: stage.surroundings(runners: runners)).state == .succeeded)
            #expect(runs.value == 1)
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aFunctionOfAnotherKindIsNotRunHere() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(maxAttempts: 1)
            let record = try await stage.attempt(job, in: stage.surroundings(runners: [:]))
            #expect(record.failure?.code == .runnerUnknown)
        }
    }

    @Test func takesThatFinishTogetherAllArrive() async throws {
        try await Stage.with { stage in
            var jobs: [JobID] = []
            for _ in 0..<6 { jobs.append(try await stage.submit()) }
            await withTaskGroup(of: Void.self) { group in
                for job in jobs { group.addTask { _ = try? await stage.attempt(job) } }
            }
            var numbers: Set<Int> = []
            for job in jobs {
                #expect(try await stage.jobs.get(job)?.state == .succeeded)
                numbers.insert(try #require(try await stage.takes.get(job: job)).number)
            }
            #expect(numbers == Set(1...6))
            try await stage.checkRepository(takes: 6)
        }
    }
}
