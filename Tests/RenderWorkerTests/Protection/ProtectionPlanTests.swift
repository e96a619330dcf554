import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct ProtectionPlanTests {
    private typealias Plan = ProtectionPlan<ManualClock.Instant>

    private let pace = ProtectionPace()

    private func at(_ seconds: Int) -> ManualClock.Instant { ManualClock().now.advanced(by: .seconds(seconds)) }

    @Test func itIsAskedForOnceRenewedAtHalfTimeAndGivenUpAfterALinger() {
        var plan = Plan(pace)
        #expect(plan.step(at: at(0)) == .wait(until: nil))
        plan.hold(3)
        #expect(plan.isWorthWaiting(at: at(0)))
        #expect(plan.step(at: at(0)) == .call(.protect))
        plan.answered(.protect, with: .done, at: at(1))
        #expect(!plan.isWorthWaiting(at: at(1)) && plan.isProtected(at: at(1)))
        // From the time of the call: the agent's clock began to run before its answer came.
        #expect(plan.step(at: at(1)) == .wait(until: at(900)))
        plan.hold(5)
        plan.letGo(5, at: at(2))
        #expect(plan.step(at: at(899)) == .wait(until: at(900)))
        #expect(plan.step(at: at(900)) == .call(.protect))
        plan.answered(.protect, with: .done, at: at(900))
        plan.letGo(3, at: at(1000))
        #expect(plan.step(at: at(1000)) == .wait(until: at(1010)))
        // Work that comes within the linger costs no call.
        plan.hold(1)
        #expect(plan.step(at: at(1009)) == .wait(until: at(1800)))
        plan.letGo(1, at: at(1020))
        #expect(plan.step(at: at(1030)) == .call(.release))
        plan.answered(.release, with: .done, at: at(1030))
        #expect(plan.step(at: at(1030)) == .wait(until: nil))
        #expect(!plan.mayBeProtected(at: at(1030)))
    }

    @Test func aRenewalThatFailsIsTriedAgainWhileTheOldOneHolds() {
        var plan = Plan(pace)
        plan.hold(1)
        #expect(plan.step(at: at(0)) == .call(.protect))
        plan.answered(.protect, with: .done, at: at(0))
        #expect(plan.step(at: at(900)) == .call(.protect))
        plan.answered(.protect, with: .refused("busy"), at: at(901))
        #expect(plan.isProtected(at: at(901)))
        #expect(plan.step(at: at(901)) == .wait(until: at(906)))
        #expect(plan.step(at: at(906)) == .call(.protect))
        plan.answered(.protect, with: .unknown("late"), at: at(910))
        #expect(plan.step(at: at(910)) == .wait(until: at(920)))
        #expect(plan.isProtected(at: at(1799)) && !plan.isProtected(at: at(1800)))
        #expect(plan.mayBeProtected(at: at(2000)))
    }

    @Test func anAgentThatFailsHoldsUpNobodyAndIsAskedLessAndLess() {
        var plan = Plan(pace)
        plan.hold(1)
        var now = 0
        var pauses: [Int] = []
        for _ in 0..<7 {
            #expect(plan.step(at: at(now)) == .call(.protect))
            plan.answered(.protect, with: .refused("no"), at: at(now))
            #expect(!plan.isWorthWaiting(at: at(now)))
            guard case .wait(until: let next?) = plan.step(at: at(now)) else { return #expect(Bool(false)) }
            pauses.append(Int(next.elapsed.components.seconds) - now)
            now += pauses[pauses.count - 1]
        }
        #expect(pauses == [5, 10, 20, 40, 60, 60, 60])
        // Refused, nothing has been set: there is nothing to give up.
        plan.letGo(1, at: at(now))
        #expect(plan.step(at: at(now + 1000)) == .wait(until: nil))
        plan.hold(1)
        #expect(plan.step(at: at(now + 1000)) == .call(.protect))
        plan.answered(.protect, with: .done, at: at(now + 1000))
        #expect(plan.failures == 0)
    }

    @Test func whatMayHaveBeenSetIsGivenUpUntilItHasRunOut() {
        var plan = Plan(pace)
        plan.hold(1)
        #expect(plan.step(at: at(0)) == .call(.protect))
        plan.answered(.protect, with: .unknown("late"), at: at(5))
        plan.letGo(1, at: at(6))
        #expect(plan.step(at: at(6)) == .wait(until: at(16)))
        #expect(plan.step(at: at(16)) == .call(.release))
        plan.answered(.release, with: .unknown("late"), at: at(21))
        #expect(plan.step(at: at(31)) == .call(.release))
        plan.answered(.release, with: .unknown("late"), at: at(31))
        #expect(plan.step(at: at(5 + 1800)) == .wait(until: nil), "it has run out by itself")
    }

    @Test func aReleaseThatMayHaveBeenDoneIsNoProtectionForTheNextClaim() {
        var plan = Plan(pace)
        plan.hold(1)
        #expect(plan.step(at: at(0)) == .call(.protect))
        plan.answered(.protect, with: .done, at: at(0))
        plan.letGo(1, at: at(1))
        #expect(plan.step(at: at(11)) == .call(.release))
        #expect(plan.step(at: at(11)) == .wait(until: nil), "one call at a time")
        plan.hold(1)
        plan.answered(.release, with: .unknown("cut"), at: at(12))
        #expect(!plan.isProtected(at: at(12)))
        #expect(plan.step(at: at(17)) == .call(.protect))
    }
}
