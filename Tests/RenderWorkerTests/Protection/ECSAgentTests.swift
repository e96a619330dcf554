import FoundationEssentials
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct ECSAgentTests {
    private static func outcome(
        _ manner: AgentServer.Manner, minutes: Int? = 30, within limit: Duration = .seconds(30)
    ) async throws -> ECSAgent.Outcome {
        let outcome = Watched<ECSAgent.Outcome?>(nil)
        try await AgentServer.run { server in
            server.manner.update { $0 = manner }
            let agent = ECSAgent(uri: try server.agentURL)
            let answer = await agent.setProtection(minutes: minutes, within: limit)
            outcome.update { $0 = answer }
        }
        return try #require(outcome.value)
    }

    @Test func protectionIsAskedForAndGivenUpAsTheAgentReadsIt() async throws {
        try await AgentServer.run { server in
            let agent = ECSAgent(uri: try server.agentURL)
            #expect(await agent.setProtection(minutes: 30, within: .seconds(30)) == .done)
            #expect(await agent.setProtection(minutes: nil, within: .seconds(30)) == .done)
            #expect(server.calls.value == [.protect, .release])
        }
    }

    @Test func aNoIsANoWhateverTheStatus() async throws {
        #expect(try await Self.outcome(.refusing) == .refused("TASK_NOT_VALID: The task is of no service."))
        let denied = #"{"error": {"Code": "AccessDeniedException", "Message": "no role"}}"#
        #expect(
            try await Self.outcome(.answers(status: 403, body: denied))
                == .refused("status 403: AccessDeniedException: no role"))
        #expect(
            try await Self.outcome(.answers(status: 404, body: "no such page"))
                == .refused("status 404: no reason given"))
    }

    @Test func whatIsNoClearAnswerLeavesItOpen() async throws {
        let unclear: [AgentServer.Manner] = [
            .failing, .breaksOff, .answers(status: 200, body: "{}"), .answers(status: 200, body: "<html>"),
            // It says that it did the opposite.
            .answers(status: 200, body: #"{"protection": {"ProtectionEnabled": false}}"#),
            .answers(status: 200, body: String(repeating: "x", count: PlainHTTP.most + 1)),
        ]
        for manner in unclear {
            let outcome = try await Self.outcome(manner)
            guard case .unknown = outcome else {
                Issue.record("\(manner): \(outcome)")
                continue
            }
        }
        guard case .unknown(let reason) = try await Self.outcome(.silent, within: .milliseconds(50)) else {
            Issue.record("silence is no answer")
            return
        }
        #expect(reason.contains("no answer within"))
    }

    @Test func anAgentThatIsNotThereIsNoAnswer() async throws {
        let url = try #require(URL(string: "http://127.0.0.1:\(try ProgramUnderTest.freePort())/api/0123"))
        guard case .unknown = await ECSAgent(uri: url).setProtection(minutes: 1, within: .seconds(5)) else {
            Issue.record("nobody answered")
            return
        }
    }
}
