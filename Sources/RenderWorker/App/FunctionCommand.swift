import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioSystem
import UnixSignals

/// `function try`: runs a function once, for its author.
struct FunctionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "function", abstract: "Try functions before people can ask for them.",
        subcommands: [Try.self])

    struct Try: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a function once on this machine, with a progress bar.",
            discussion:
                "Nothing of the studio need be running: no database, no project, no credits. Settings of runners are taken from "
                + "the environment, as a worker takes them.")

        @Argument(help: "The function's name in the catalogue, or its folder.")
        var function: String

        @Option(
            name: [.customShort("p"), .customLong("parameter")],
            help: "A parameter as name=value; the value is JSON, or else text. May be repeated.")
        var parameters: [String] = []

        @Option(
            name: [.customShort("i"), .customLong("input")],
            help: "A file for an input as port=path. May be repeated, also for one port that takes a list.")
        var inputs: [String] = []

        @Option(help: "The quality tier: low, standard or high.")
        var quality = QualityTier.standard.rawValue

        @Option(help: "Where the files that it makes are put.")
        var output = "."

        @Option(help: "Seconds it may take; its manifest says where this is left out.")
        var timeout: Int?

        func run() async throws {
            signal(SIGPIPE, SIG_IGN)
            let bar = ProgressBar(isTerminal: isatty(STDERR_FILENO) == 1, write: FileHandleOutput.standardError)
            do {
                let outcome = try await interruptible { try await perform(bar) }
                bar.end()
                for (port, path) in outcome.files.sorted(by: { $0.key < $1.key }) { print("\(port): \(path)") }
                let made = JSONValue.object(outcome.provenance)
                if let text = try? String(decoding: JSONText.document(made), as: UTF8.self) {
                    print("made by: \(text)")
                }
            } catch {
                bar.end()
                FileHandleOutput.standardError(Self.text(of: error) + "\n")
                throw ExitCode.failure
            }
        }

        private func perform(_ bar: ProgressBar) async throws -> FunctionTrial.Outcome {
            let configuration = try ProcessEnvironment.configuration(.trial)
            let manifest = try await Blocking.run { try self.manifest(configuration.common) }
            let trial = FunctionTrial(
                function: manifest, parameters: try pairs(parameters).mapValues { Self.value($0.last ?? "") },
                inputs: try pairs(inputs).mapValues { $0.map(ProcessEnvironment.absolute) },
                quality: try tier(), outputFolder: ProcessEnvironment.absolute(output),
                timeout: timeout.map { .seconds($0) })
            let logger = Logger(label: "try") { _ in SwiftLogNoOpLogHandler() }
            let runners = WorkerRunners(
                configuration, workspaceRoot: ProcessEnvironment.absolute(configuration.common.workspaceRoot),
                childEnvironment: ProcessEnvironment.forChildren, logger: logger)
            return try await runners.whileRunning {
                try await trial.run(
                    runners: runners.catalogue(),
                    models: ModelFiles(root: ProcessEnvironment.absolute(configuration.worker.modelsRoot)),
                    progress: bar.show, log: bar.print)
            }
        }

        private func manifest(_ common: StudioConfiguration.Common) throws -> FunctionManifest {
            let root = ProcessEnvironment.absolute(common.workspaceRoot)
            let folder =
                function.contains("/") || function == "."
                ? ProcessEnvironment.absolute(function) : "\(root)/\(WorkspaceLayout.pipelineTemplates)/\(function)"
            return try CatalogueFolder.manifest(inFolder: folder)
        }

        private func tier() throws -> QualityTier {
            guard let tier = QualityTier(rawValue: quality) else {
                throw ValidationError("--quality is low, standard or high")
            }
            return tier
        }

        private func pairs(_ texts: [String]) throws -> [String: [String]] {
            var pairs: [String: [String]] = [:]
            for text in texts {
                guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                    throw ValidationError("\(text) is not of the form name=value")
                }
                pairs[String(text[..<equals]), default: []].append(String(text[text.index(after: equals)...]))
            }
            return pairs
        }

        private static func value(_ text: String) -> JSONValue {
            (try? JSONText.decode(JSONValue.self, from: Data(text.utf8))) ?? .string(text)
        }

        private static func text(of error: any Error) -> String {
            switch error {
            case let error as StudioError where !error.findings.isEmpty:
                "This is wrong:\n" + error.findings.map { "  \($0.pointer): \($0.detail)" }.joined(separator: "\n")
            case let error as StudioError: error.detail
            case let failure as JobFailure: "\(failure.message) (\(failure.code.rawValue))"
            case is CancellationError: "It was cancelled; nothing of it is kept."
            default: "\(error)"
            }
        }

        /// Ends the work as a cancelled job ends when the author presses Ctrl-C.
        private func interruptible(
            _ work: @escaping @Sendable () async throws -> FunctionTrial.Outcome
        ) async throws -> FunctionTrial.Outcome {
            let task = Task { try await work() }
            let watching = Task {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
            }
            defer { watching.cancel() }
            return try await task.value
        }
    }
}
