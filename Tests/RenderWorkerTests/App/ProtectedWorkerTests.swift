import Glibc
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// The whole program where Amazon ECS might take its machine away.
@Suite(.timeLimit(.minutes(10)), .serialized) struct ProtectedWorkerTests {
    private static func with(_ body: @Sendable (RunningWorkers, AgentServer) async throws -> Void) async throws {
        try await RunningWorkers.with { running in
            try await AgentServer.run { server in try await body(running, server) }
        }
    }

    @Test func theTaskIsProtectedBeforeTheClaimAndNoLongerAfterTheWorker() async throws {
        try await Self.with { running, server in
            let worker = try await running.start(settings: ["ECS_AGENT_URI": server.uri])
            #expect(server.calls.value.isEmpty, "an idle worker may be taken away")
            var jobs: [JobID] = []
            for _ in 0..<4 { jobs.append(try await running.push()) }
            for job in jobs { try await running.wait(for: .succeeded, of: job) }
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
            #expect(server.calls.value == [.protect, .release])
            try await running.expectNothingInFlight()
        }
    }

    @Test func aWorkerWorksWhateverTheAgentSays() async throws {
        for manner in [AgentServer.Manner.refusing, .failing, .silent] {
            try await Self.with { running, server in
                server.manner.update { $0 = manner }
                let worker = try await running.start(settings: ["ECS_AGENT_URI": server.uri])
                let job = try await running.push()
                try await running.wait(for: .succeeded, of: job)
                worker.send(SIGTERM)
                #expect(try await worker.drained() == .code(0))
                #expect(server.calls.value.first == .protect)
                // A silent one is slow first, and then has not answered.
                for words in ["ECS agent is slow", "ECS agent did not"] {
                    let told = worker.lines.count { $0.text.contains(words) }
                    #expect(told <= 1, "\(worker.lines.map(\.text))")
                }
                #expect(worker.lines.contains { $0.text.contains("ECS agent") }, "\(worker.lines.map(\.text))")
            }
        }
    }

    @Test func anAddressThatIsNoneIsTold() async throws {
        let done = try await ProgramUnderTest.worker.run(environment: ["ECS_AGENT_URI": "169.254.170.2/api"])
        #expect(done.exit == .code(1) && done.errors.contains("ECS_AGENT_URI"), "\(done.errors)")
    }
}
