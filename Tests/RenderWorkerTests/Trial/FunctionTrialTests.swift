import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// One run of a function by its author.
@Suite struct FunctionTrialTests {
    private static func function(_ outputs: JSONValue, timeout: Int = 60) throws -> FunctionManifest {
        try FunctionManifest([
            "name": "paint", "version": "1.0.0", "title": "Paint",
            "parameters": [
                "type": "object", "required": ["prompt"],
                "properties": ["prompt": ["type": "string"], "steps": ["type": "integer", "default": 4]],
            ],
            "inputs": ["plate": ["type": "image"]], "outputs": outputs, "quality": ["low": ["steps": 1]],
            "timeoutSeconds": .integer(Int64(timeout)), "runner": ["kind": "encoder", "operation": "paint"],
        ])
    }

    private static let picture: JSONValue = ["image": ["type": "image", "extension": "png"]]

    private static func trial(
        _ folder: TemporaryDirectory, _ function: FunctionManifest, parameters: [String: JSONValue] = ["prompt": "x"],
        inputs: [String: [String]] = [:], timeout: Duration? = nil
    ) -> FunctionTrial {
        FunctionTrial(
            function: function, parameters: parameters, inputs: inputs, quality: .low, outputFolder: folder.path,
            timeout: timeout)
    }

    private static func run(
        _ trial: FunctionTrial, _ script: @escaping @Sendable (RunContext) async throws -> [String: String]
    ) async throws -> FunctionTrial.Outcome {
        try await trial.run(
            runners: RunnerCatalogue(["encoder": ScriptedRunner(script: script)]), models: ModelFiles(root: "/none"),
            progress: { _ in }, log: { _ in })
    }

    @Test func theFilesAreLeftUnderNamesThatAreFreeAndNothingElse() async throws {
        let folder = try TemporaryDirectory("try")
        try folder.write("mine".utf8, to: "paint-image.png")
        let seen = Watched<[String: JSONValue]>([:])
        let outcome = try await Self.run(Self.trial(folder, try Self.function(Self.picture))) { context in
            seen.update { $0 = context.parameters }
            let path = "\(context.scratch)/image.png"
            try Data("made".utf8).write(to: URL(filePath: path))
            return ["image": path]
        }
        #expect(outcome.files == ["image": folder.path("paint-image-2.png")])
        #expect(seen.value == ["prompt": "x", "steps": 1], "the tier's value lies over the default")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["paint-image-2.png", "paint-image.png"])
    }

    @Test func everythingWrongIsSaidAtOnceAndNothingIsRun() async throws {
        let folder = try TemporaryDirectory("try")
        let trial = Self.trial(
            folder, try Self.function(Self.picture), parameters: ["steps": "many", "colour": 1],
            inputs: ["plate": ["/none.png"], "mask": []])
        let error = await #expect(throws: StudioError.self) {
            try await Self.run(trial) { _ in throw Unexpected(what: "it was run") }
        }
        #expect(
            error?.findings.map(\.pointer) == [
                "/parameters/prompt", "/parameters/colour", "/parameters/steps", "/inputs/mask", "/inputs/plate",
            ])
    }

    @Test func aFailureAMissingOutputAndACancelLeaveNothing() async throws {
        let folder = try TemporaryDirectory("try")
        let trial = Self.trial(folder, try Self.function(Self.picture))
        let failure = await #expect(throws: JobFailure.self) {
            try await Self.run(trial) { _ in throw JobFailure(.outOfMemory, "no room") }
        }
        #expect(failure?.code == .outOfMemory)
        let missing = await #expect(throws: JobFailure.self) { try await Self.run(trial) { _ in [:] } }
        #expect(missing?.code == .outputInvalid)
        let begun = Watched(false)
        let running = Task {
            try await Self.run(trial) { _ in
                begun.update { $0 = true }
                try await ContinuousClock().sleep(for: .seconds(600))
                return [:]
            }
        }
        try await begun.wait("the run") { $0 ? () : nil }
        running.cancel()
        await #expect(throws: CancellationError.self) { _ = try await running.value }
        let late = await #expect(throws: JobFailure.self) {
            try await Self.run(Self.trial(folder, try Self.function(Self.picture), timeout: .milliseconds(1))) { _ in
                try await ContinuousClock().sleep(for: .seconds(600))
                return [:]
            }
        }
        #expect(late?.code == .runnerTimeout)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func theBarIsWrittenOverAtATerminalAndSparseElsewhere() {
        let terminal = Watched(""), file = Watched("")
        let bars = [
            ProgressBar(isTerminal: true) { text in terminal.update { $0 += text } },
            ProgressBar(isTerminal: false) { text in file.update { $0 += text } },
        ]
        for bar in bars {
            for percent in [0, 1, 2, 50, 51, 100] {
                bar.show(RunProgress(fraction: Double(percent) / 100, stage: "paint"))
            }
            bar.print("a line")
            bar.end()
        }
        #expect(file.value == "0 % paint\n50 % paint\n100 % paint\na line\n")
        #expect(terminal.value.contains("\r") && terminal.value.contains("██ 100 % paint"))
        #expect(terminal.value.hasSuffix("a line\n" + String(repeating: "█", count: 32) + " 100 % paint\n"))
    }
}
