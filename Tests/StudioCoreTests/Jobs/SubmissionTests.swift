import QueueProtocol
import StudioCore
import Testing

@Suite("Submissions")
struct SubmissionTests {
    @Test("The example of the contract is read")
    func example() throws {
        let text = """
            { "shot": "SHOT-010", "version": 1, "function": "mock-video",
              "parameters": {"prompt": "dawn over a harbour", "seconds": 2},
              "inputs": {"plate": "01_Assets/plates/harbour.png"},
              "quality": "standard", "priority": 5, "maxAttempts": 3, "timeoutSeconds": 900,
              "notBefore": null, "dependsOn": [] }
            """
        let submission = try Submission(JSONText.decode(JSONValue.self, from: text))
        #expect(submission.function == "mock-video")
        #expect(submission.inputs == ["plate": [.file("01_Assets/plates/harbour.png")]])
        #expect(submission.quality == .standard)
        #expect(submission.notBefore == nil)
    }

    @Test("What is not said has the contract's defaults; a job's take as input implies the dependency")
    func defaults() throws {
        let upstream = JobID()
        let submission = try Submission([
            "shot": "A", "function": "f", "inputs": ["a": .string("job:\(upstream)"), "b": ["x.png", "y.png"]],
        ])
        #expect(submission.version == 1)
        #expect(submission.priority == 5)
        #expect(submission.quality == nil)
        #expect(submission.allDependencies == [upstream])
        #expect(submission.inputs["b"] == [.file("x.png"), .file("y.png")])
    }

    @Test("Everything wrong with a body is found at once")
    func findings() {
        let error = #expect(throws: StudioError.self) {
            try Submission([
                "shot": "shot", "version": 0, "parameters": [], "inputs": ["a": "take:1", "b": 2], "quality": "best",
                "priority": 10, "maxAttempts": 0, "timeoutSeconds": "x", "notBefore": "tomorrow", "dependsOn": ["x"],
                "surprise": 1,
            ])
        }
        #expect(
            Set(error?.findings.map(\.pointer) ?? []) == [
                "/shot", "/version", "/function", "/parameters", "/inputs/a", "/inputs/b", "/quality", "/priority",
                "/maxAttempts", "/timeoutSeconds", "/notBefore", "/dependsOn/0", "/surprise",
            ])
        #expect(throws: StudioError.self) { try Submission([]) }
    }
}

@Suite("Job states and retries")
struct JobStateTests {
    @Test("A finished job moves only by a retry, a success never")
    func finished() {
        for state in JobState.allCases where state.isFinished {
            #expect(state.successors.isSubset(of: [.queued, .waiting]))
        }
        #expect(JobState.succeeded.successors.isEmpty)
        #expect(!JobState.waiting.successors.contains(.running))
    }

    @Test("The wait doubles up to its ceiling, and jitter keeps it between half and whole")
    func backoff() {
        let policy = RetryPolicy(base: .seconds(1), ceiling: .seconds(60))
        #expect(policy.delay(afterFailures: 1, jitter: 0) == .milliseconds(500))
        #expect(policy.delay(afterFailures: 3, jitter: 0) == .seconds(2))
        #expect(policy.delay(afterFailures: 1000, jitter: 0) == .seconds(30))
        #expect(policy.delay(afterFailures: 1000, jitter: 0.999) < .seconds(60))
        #expect(policy.delay(afterFailures: 1, patience: 4, jitter: 0) == .seconds(2))
        #expect(policy.delay(afterFailures: 1000, patience: 4, jitter: 0) == .seconds(30))
    }
}
