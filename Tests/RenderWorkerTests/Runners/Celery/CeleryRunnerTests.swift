import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// Functions that real Python workers of Celery carry out.
@Suite("The celery runner", .timeLimit(.minutes(10))) struct CeleryRunnerTests {
    @Test("A picture that Python made is a take, with its progress, its log and all that the task was told")
    func take() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let job = try await studio.submit(["width": 96, "height": 32, "seed": .unsigned(UInt64.max)])
            let record = try await studio.attempt(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))\n\(python.process.lines)")
            let take = try #require(try await studio.stage.takes.get(job: job))
            #expect(take.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.png")
            #expect(take.probe?["streams"]?.arrayValue?.first?["width"]?.intValue == 96)
            let stages = studio.reports.value.map(\.stage)
            #expect(stages.contains("publishing"))
            #expect(studio.reports.value.allSatisfy { (0...1).contains($0.progress) })
            let log = try await studio.log(job)
            #expect(log.contains("seed 18446744073709551615"), "64 bits are kept")
            #expect(
                log.contains(
                    #""job_id": "\#(job)", "attempt": 1, "function": "paint", "quality": "low", "timeout": 60"#))
            #expect(try await studio.tasks.state(of: "\(job).1")?.name == "SUCCESS")
            try await studio.stage.checkRepository(takes: 1)
            _ = try await python.process.stop()
        }
    }

    @Test("What an exception means is the manifest's to say; type and message are told, the traceback is in the log")
    func failures() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let cases: [(String, FailureCode, Bool, String)] = [
                ("ValueError", .runnerFailed, false, "ValueError: strength is negative"),
                ("BadShot", .runnerFailed, false, "BadShot: SHOT-010, 3"),
                ("RuntimeError", .runnerFailed, true, "RuntimeError: the model is not loaded"),
                ("Reject", .runnerFailed, false, "not a picture"),
            ]
            for (name, code, retryable, message) in cases {
                let job = try await studio.submit(["fail": .string(name)], maxAttempts: 1)
                let failure = try #require(try await studio.attempt(job).failure)
                #expect(failure.code == code, "\(name)")
                #expect(failure.retryable == retryable, "\(name)")
                #expect(failure.message.contains(message), "\(failure.message)")
                if name == "ValueError" { #expect(try await studio.log(job).contains("in paint")) }
            }
            let unknown = try await studio.submit(maxAttempts: 1, runner: ["task": "studio_py.nosuch"])
            #expect(try await studio.attempt(unknown).failure?.code == .runnerUnknown)
            // Celery's own limit, which holds where the render worker is gone.
            let slow = try await studio.submit(
                ["hold": .string(studio.path("never"))], maxAttempts: 1, timeoutSeconds: 1)
            #expect(try await studio.attempt(slow).failure?.code == .runnerTimeout)
            // A worker of Celery ends itself after this one.
            let large = try await studio.submit(["fail": "MemoryError"], maxAttempts: 1)
            let failure = try #require(try await studio.attempt(large).failure)
            #expect(failure.code == .outOfMemory)
            #expect(failure.message.contains("8 GiB"))
            _ = try await python.process.exit()
        }
    }

    @Test(
        "Files are taken by the names that the task gives, or by their own",
        arguments: ["own", "named", "absolute"])
    func outputs(make: String) async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let job = try await studio.submit(["make": .string(make)])
            let record = try await studio.attempt(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            try await studio.stage.checkRepository(takes: 1)
            _ = try await python.process.stop()
        }
    }

    @Test("What is outside of the folder, a link, missing or of another type is no output")
    func refusedOutputs() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let first = try await studio.submit()
            #expect(try await studio.attempt(first).state == .succeeded)
            let cases = [
                "outside": "is not in the folder", "elsewhere": "is not in the folder", "link": "link",
                "hardlink": "link", "text": "not what its name says", "damaged": "cannot be used", "type": "is no .png",
                "stranger": "film", "nothing": "did not make",
            ]
            for (make, message) in cases.sorted(by: { $0.key < $1.key }) {
                let job = try await studio.submit(
                    ["make": .string(make)], inputs: ["image": "job:\(first)"], maxAttempts: 1)
                let record = try await studio.attempt(job)
                #expect(record.failure?.code == .outputInvalid, "\(make): \(String(describing: record.failure))")
                #expect(record.failure?.message.contains(message) == true, "\(make): \(record.failure?.message ?? "")")
            }
            try await studio.stage.checkRepository(takes: 1)
            _ = try await python.process.stop()
        }
    }

    @Test("A cancel ends the Python task, and waits until it is over")
    func cancel() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker(concurrency: 1)
            let job = try await studio.submit(["hold": .string(studio.path("never"))])
            let stop = RunStop()
            async let record = studio.attempt(job, stop: stop)
            try await studio.untilProgress("painting")
            stop.stop(.cancelled)
            #expect(try await record.state == .cancelled)
            #expect(try await studio.tasks.state(of: "\(job).1")?.name == "REVOKED")
            // The only process of the pool is free again.
            let next = try await studio.submit()
            #expect(try await studio.attempt(next).state == .succeeded)
            _ = try await python.process.stop()
        }
    }

    @Test("A job whose queue nobody serves waits and says so; cancelled, its message is gone from the queue")
    func nobodyServes() async throws {
        try await PythonStage.with { studio in
            let job = try await studio.submit()
            let stop = RunStop()
            async let record = studio.attempt(job, stop: stop)
            try await studio.untilProgress(CeleryRunner.waitingStage)
            #expect(try await studio.redis.command("LLEN", PythonStudio.queue).trimmed == "1")
            stop.stop(.cancelled)
            #expect(try await record.state == .cancelled)
            #expect(try await studio.redis.command("LLEN", PythonStudio.queue).trimmed == "0")
            // One that comes later serves what waits.
            let second = try await studio.submit()
            async let later = studio.attempt(second)
            _ = try await studio.reports.wait("the second waits") { $0.last { $0.job == second } }
            let python = try await studio.worker()
            #expect(try await later.state == .succeeded)
            _ = try await python.process.stop()
        }
    }
}
