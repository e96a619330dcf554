import StudioTestKit
import Testing

@testable import RenderWorker

@Suite(.timeLimit(.minutes(10))) struct ScaleInProtectionTests {
    /// A worker's protection by an agent that does as a test says, on a clock of the test's own.
    private struct Scene: Sendable {
        let server: AgentServer
        let clock = ManualClock()
        let protection: ScaleInProtection<ManualClock>

        /// Calls may take so long by the real clock.
        static func run(callLimit: Duration = .seconds(30), _ body: @Sendable (Scene) async throws -> Void) async throws
        {
            try await AgentServer.run { server in
                let scene = try Scene(server, callLimit: callLimit)
                let running = Task { await scene.protection.run() }
                defer { running.cancel() }
                try await body(scene)
                running.cancel()
                await running.value
            }
        }

        private init(_ server: AgentServer, callLimit: Duration) throws {
            self.server = server
            var pace = ProtectionPace()
            pace.callLimit = callLimit
            protection = ScaleInProtection(
                agent: ECSAgent(uri: try server.agentURL), pace: pace, clock: clock, logger: Stage.logger)
        }

        func untilCalled(_ calls: [AgentServer.Call]) async throws {
            _ = try await server.calls.wait("\(calls)") { $0 == calls ? true : nil }
        }
    }

    @Test func aClaimGoesOnWhenTheTaskIsProtectedAndManyJobsCostTwoCalls() async throws {
        try await Scene.run { scene in
            await scene.protection.hold(2)
            #expect(scene.server.calls.value == [.protect])
            for _ in 0..<100 {
                await scene.protection.hold(3)
                scene.protection.letGo(3)
            }
            scene.protection.letGo(2)
            // Idle now: it lingers, and gives up.
            try await scene.clock.waitForSleepers(1)
            scene.clock.advance(by: .seconds(10))
            try await scene.untilCalled([.protect, .release])
        }
    }

    @Test func whileJobsRunItIsRenewed() async throws {
        try await Scene.run { scene in
            await scene.protection.hold(1)
            for count in 2...4 {
                // Asleep until half its time is over.
                try await scene.clock.waitForSleepers(1)
                scene.clock.advance(by: .seconds(900))
                try await scene.untilCalled(Array(repeating: .protect, count: count))
            }
            scene.protection.letGo(1)
        }
    }

    @Test func aSlowAgentHoldsUpAClaimForItsPatienceAndIsHeardAfterwards() async throws {
        try await Scene.run { scene in
            scene.server.manner.update { $0 = .silent }
            let claim = Task { await scene.protection.hold(1) }
            try await scene.untilCalled([.protect])
            // Only the claim's patience runs by this clock while a call is under way.
            try await scene.clock.waitForSleepers(1)
            scene.clock.advance(by: .seconds(1))
            try await within(.seconds(30), "the claim goes on") { await claim.value }
            #expect(scene.server.calls.value == [.protect])
        }
    }

    @Test func anAgentThatRefusesOrFailsHoldsUpOneClaimOnly() async throws {
        for manner in [AgentServer.Manner.refusing, .failing, .breaksOff] {
            try await Scene.run { scene in
                scene.server.manner.update { $0 = manner }
                // The answer lets the claim go on: the clock stands still.
                try await within(.seconds(30), "the first claim") { await scene.protection.hold(1) }
                scene.server.manner.update { $0 = .silent }
                try await within(.seconds(30), "the second claim") { await scene.protection.hold(1) }
                #expect(scene.server.calls.value == [.protect])
                scene.server.manner.update { $0 = .obliging }
                try await scene.clock.waitForSleepers(1)
                scene.clock.advance(by: .seconds(5))
                try await scene.untilCalled([.protect, .protect])
                scene.protection.letGo(2)
            }
        }
    }

    @Test func aWorkerThatStopsGivesTheProtectionUp() async throws {
        try await AgentServer.run { server in
            let protection = ScaleInProtection(
                agent: ECSAgent(uri: try server.agentURL), clock: ManualClock(), logger: Stage.logger)
            let running = Task { await protection.run() }
            await protection.hold(1)
            protection.letGo(1)
            running.cancel()
            await running.value
            #expect(server.calls.value == [.protect, .release])
        }
    }

    @Test func aWorkerThatStopsWithoutEverWorkingCallsNobody() async throws {
        try await AgentServer.run { server in
            let protection = ScaleInProtection(
                agent: ECSAgent(uri: try server.agentURL), clock: ManualClock(), logger: Stage.logger)
            let running = Task { await protection.run() }
            running.cancel()
            await running.value
            #expect(server.calls.value.isEmpty)
        }
    }
}
