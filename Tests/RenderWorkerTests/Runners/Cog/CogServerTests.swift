import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioTestKit
import StudioTransfer
import Testing

@testable import RenderWorker

/// The protocol of Cog, spoken with the real server of `cog` 0.23, without a container.
@Suite("The Cog protocol", .timeLimit(.minutes(10))) struct CogServerTests {
    private struct Client: Sendable {
        let program: CogProgram
        let server: CogServer
        let lines = Watched<[String]>([])
        let reports = Watched<[RunProgress]>([])

        init(_ program: CogProgram) {
            self.program = program
            server = CogServer(HTTPClient(), address: program.base)
        }

        func until(_ status: CogHealth.Status, log part: String = "") async throws -> CogHealth {
            let found = Watched<CogHealth?>(nil)
            try await eventually("the server is \(status), and \(part) is in its log") {
                let health = try await server.health()
                if let health, health.status == status, part.isEmpty || health.setupLog.contains(part) {
                    found.update { $0 = health }
                }
                return found.value != nil
            }
            return try #require(found.value)
        }

        func predict(_ input: [String: JSONValue] = [:], id: String = UUID().uuidString) async throws -> CogPrediction {
            let news = CogNews(
                progress: { [reports] report in reports.update { $0.append(report) } },
                log: { [lines] line in lines.update { $0.append(line) } })
            return try await server.predict(id, input: input, news: news)
        }
    }

    private func ready(
        _ model: String = "predict", describesInputs: Bool = true, environment: [String: String] = [:]
    ) async throws -> Client {
        let client = Client(try CogProgram(model, describesInputs: describesInputs, environment: environment))
        _ = try await client.until(.ready)
        return client
    }

    @Test("A prediction makes a picture, with progress while it works, and its seed keeps all 64 bits")
    func picture() async throws {
        let client = try await ready()
        let hold = client.program.path("go")
        async let over = client.predict(["seed": .unsigned(UInt64.max), "hold": .string(hold)])
        _ = try await client.lines.wait("the log is heard while it works") { lines in
            lines.contains("at work") ? lines : nil
        }
        #expect(client.lines.value.contains { $0.hasPrefix("seed 18446744073709551615") })
        _ = try await client.reports.wait("the metric is heard") { $0.last { $0.fraction == 0.75 } }
        #expect(client.reports.value.contains { $0.message.hasPrefix("4/4") })
        try client.program.make("go")
        let prediction = try await over
        #expect(prediction.status == .succeeded)
        #expect(DataURL.bytes(of: prediction.output.stringValue ?? "")?.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        #expect(client.lines.value.filter { $0 == "at work" }.count == 1, "what was heard is not heard again")
        #expect(prediction.metrics["predict_time"]?.doubleValue ?? 0 > 0)
    }

    @Test("A model that sends its events is heard by them, to its end and to its failure")
    func events() async throws {
        let client = try await ready("stream")
        let over = try await client.predict(["lines": 500])
        #expect(over.status == .succeeded)
        #expect(over.output == ["A lake, ", "and wind."])
        #expect(client.lines.value == (0..<500).map { "line \($0)" })
        #expect(client.reports.value.map(\.fraction) == [0.5])
        _ = try await client.until(.ready)
        let failed = try await client.predict(["fail": true])
        #expect(failed.status == .failed)
        #expect(CogFailure.failure(failed.error).message == "ValueError: no words")
    }

    @Test("A health check says whether the model is being loaded, works, or could not be loaded")
    func health() async throws {
        let go = try TemporaryDirectory("go")
        let slow = Client(try CogProgram(environment: ["TEST_SETUP": go.path("go")]))
        _ = try await slow.until(.starting)
        await #expect(throws: CogTrouble.self) { try await slow.predict() }
        try go.write([], to: "go")
        // A server is ready before its log is there, and what the model's own process says may come too late for it.
        let ready = try await slow.until(.ready, log: "Spawning worker subprocess")
        #expect(ready.version == "0.23.1")
        _ = try await slow.until(.ready)
        async let held = slow.predict(["hold": .string(slow.program.path("go"))])
        _ = try await slow.until(.busy)
        let busy = await #expect(throws: CogTrouble.self) { try await slow.predict() }
        #expect(busy?.kind == .busy)
        try slow.program.make("go")
        #expect(try await held.status == .succeeded)
        for loading in ["fail", "die"] {
            let failed = Client(try CogProgram(environment: ["TEST_SETUP": loading]))
            let health = try await failed.until(.setupFailed)
            #expect(health.setupLog.contains(loading == "fail" ? "the weights are missing" : "worker crashed"))
        }
        let ill = Client(try CogProgram(environment: ["TEST_ILL": slow.program.path("go")]))
        #expect(try await ill.until(.unhealthy).complaint?.contains("False") == true)
    }

    @Test("An exception, the death of the model's process and the server's own are told apart")
    func failures() async throws {
        let client = try await ready()
        let hold = client.program.path("go")
        async let failing = client.predict(["mode": "raise", "hold": .string(hold)])
        _ = try await client.lines.wait("it works") { $0.contains("at work") ? true : nil }
        try client.program.make("go")
        let raised = try await failing
        #expect(raised.status == .failed)
        #expect(CogFailure.failure(raised.error).message == "ValueError: strength is\nnegative")
        #expect(raised.logs.isEmpty, "what was heard is all there is of the log")
        _ = try await client.until(.ready)
        let died = try await client.predict(["mode": "die"])
        #expect(died.error == CogFailure.crash)
        _ = try await client.until(.unhealthy)
        let other = try await ready()
        let lost = Task { try await other.predict(["mode": "wait"]) }
        _ = try await other.until(.busy)
        other.program.process.send(SIGKILL, toGroup: true)
        let trouble = await #expect(throws: CogTrouble.self) { try await lost.value }
        #expect(trouble?.kind == .lost)
        #expect(try await other.server.health() == nil)
    }

    @Test("Inputs that the model does not take are refused with all that is wrong, with and without a description")
    func inputs() async throws {
        let client = try await ready()
        let schema = try #require(try await client.server.schema())
        #expect(schema.required.isEmpty)
        try schema.check(["prompt", "seed"])
        let unknown = #expect(throws: JobFailure.self) { try schema.check(["prmpt", "sed"]) }
        #expect(unknown?.code == .parametersInvalid)
        #expect(unknown?.message.hasPrefix("The model has no input prmpt, sed (it has height, hold, image") == true)
        let outside = await #expect(throws: JobFailure.self) { try await client.predict(["width": 0, "prompt": 5]) }
        #expect(outside?.code == .parametersInvalid)
        #expect(outside?.message.contains("width: 0 is less than the minimum of 1") == true, "\(outside as Any)")
        #expect(outside?.message.contains("prompt: 5 is not of type") == true)
        let bare = try await ready(describesInputs: false)
        #expect(try await bare.server.schema() == nil)
        let failed = try await bare.predict(["prmpt": "a lake"])
        #expect(CogFailure.failure(failed.error).code == .parametersInvalid)
        // Its place is free a moment after its answer.
        _ = try await bare.until(.ready)
        #expect(try await bare.predict().status == .succeeded)
    }

    @Test("Files are read by their paths; text outputs, lists and objects come as they are")
    func files() async throws {
        let client = try await ready()
        let folder = try TemporaryDirectory("inputs")
        let path = try folder.write([UInt8](repeating: 7, count: 5000), to: "in.png")
        let over = try await client.predict([
            "image": .string(path), "images": [.string(path), .string(path)], "make": "object",
        ])
        #expect(client.lines.value.filter { $0 == "input of 5000 bytes at \(path)" }.count == 3)
        #expect(over.output["caption"] == "a lake")
        #expect(DataURL.bytes(of: over.output["image"]?.stringValue ?? "") != nil)
        _ = try await client.until(.ready)
        #expect(try await client.predict(["make": "text"]).output == "A lake.\nNo wind.")
        _ = try await client.until(.ready)
        #expect(try await client.predict(["make": "list"]).output.arrayValue?.count == 2)
        _ = try await client.until(.ready)
        #expect(try await client.predict(["make": "nothing"]).output == .null)
        _ = try await client.until(.ready)
        let large = await #expect(throws: JobFailure.self) {
            try await client.predict(["make": "large", "width": 60])
        }
        #expect(large?.code == .outputInvalid)
        #expect(large?.message.contains("64 MiB") == true)
    }

    @Test("A cancel ends the prediction, and a model that does not obey is seen to go on")
    func cancel() async throws {
        let client = try await ready()
        let waiting = Task { try await client.predict(["mode": "wait"], id: "first") }
        _ = try await client.lines.wait("it works") { $0.contains("at work") ? true : nil }
        await client.server.cancel("first")
        #expect(try await waiting.value.status == .canceled)
        _ = try await client.until(.ready)
        // A connection that is given up is a cancel too.
        let left = Task { try await client.predict(["mode": "wait"], id: "second") }
        // One that has only begun may not hear of it.
        _ = try await client.lines.wait("it works") { $0.filter { $0 == "at work" }.count >= 2 ? true : nil }
        left.cancel()
        await #expect(throws: CancellationError.self) { try await left.value }
        _ = try await client.until(.ready)
        let stubborn = Task { try await client.predict(["mode": "ignore"], id: "third") }
        _ = try await client.lines.wait("it works") { $0.filter { $0 == "at work" }.count >= 3 ? true : nil }
        await client.server.cancel("third")
        #expect(try await client.server.health()?.status == .busy)
        client.program.process.send(SIGKILL, toGroup: true)
        await #expect(throws: CogTrouble.self) { try await stubborn.value }
    }
}
