import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// The ComfyUI runner by itself, on servers of the tests: no database, no Git.
struct ComfyBench: Sendable {
    let folder: TemporaryDirectory
    let runner: ComfyRunner
    let reports = Watched<[RunProgress]>([])
    let log = Watched<[String]>([])

    /// Looks often and gives up soon, so that tests need not wait.
    static let pace = ComfyPace(
        poll: .milliseconds(50), gone: .milliseconds(300), ending: .seconds(5), reconnect: .milliseconds(10),
        longestReconnect: .milliseconds(100))

    init(_ servers: ComfyUIServer..., pace: ComfyPace = Self.pace) throws {
        try self.init(urls: servers.map(\.base), pace: pace)
    }

    init(urls: [String], pace: ComfyPace = Self.pace) throws {
        folder = try TemporaryDirectory("bench")
        runner = ComfyRunner(servers: ComfyServers(try urls.map(Self.address)), pace: pace)
    }

    static func address(_ text: String) throws -> ComfyAddress {
        let url = try #require(URL(string: text))
        return try #require(ComfyAddress(url), "\(text) is no address")
    }

    /// What one attempt gets.
    func context(
        _ manifest: JSONValue = ComfyUIStudio.dream(), _ parameters: [String: JSONValue] = [:],
        inputs: [String: [String]] = [:], job: JobID = JobID(), attempt: Int = 1
    ) throws -> RunContext {
        let function = try FunctionManifest(manifest)
        let effective = function.effectiveParameters(parameters, tier: .standard)
        let scratch = folder.path("scratch-\(job)-\(attempt)")
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        return RunContext(
            key: AttemptKey(job: job, attempt: attempt), function: function, inputs: inputs, scratch: scratch,
            parameters: effective, quality: .standard, seed: function.seed(in: effective), timeout: .seconds(60),
            progress: { progress in reports.update { $0.append(progress) } },
            log: { line in log.update { $0.append(line) } })
    }

    /// Prepares and runs one attempt.
    @discardableResult
    func run(_ context: RunContext) async throws -> RunResult {
        try await runner.prepare(context)
        return try await runner.run(context)
    }

    /// Runs one attempt that must fail.
    func failure(_ context: RunContext) async throws -> JobFailure {
        let failure = await #expect(throws: JobFailure.self) { try await run(context) }
        return try #require(failure)
    }

    /// A file that lets held nodes go on once it is there.
    var gate: String { folder.path("gate") }

    func open() throws { try folder.write([], to: "gate") }

    /// Waits until a node reported a step.
    func untilStep(_ text: String) async throws {
        _ = try await reports.wait("progress says \(text)") { $0.last { $0.message == text } }
    }

    static func bytes(of result: RunResult, _ port: String = "image") throws -> [UInt8] {
        let path = try #require(result.files[port])
        let bytes = try #require(FileManager.default.contents(atPath: path))
        return Array(bytes)
    }
}
