import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct UserTests {
    @Test func ofProgramsThatStartAtOnceOneMakesTheFirstAdmin() async throws {
        let database = try Database(.patient(try await StudioFixture.migratedDatabase(), connections: 8))
        let users = UserStore(database)
        let made = try await withThrowingTaskGroup(of: UserRecord?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try await users.createFirstAdmin(
                        NewUser(
                            email: "admin\(number)@example.com", passwordHash: "x", roles: [.admin, .producer],
                            credits: 50),
                        tenantName: "studio")
                }
            }
            return try await group.reduce(into: [UserRecord]()) { list, user in if let user { list.append(user) } }
        }
        let admin = try #require(made.first)
        #expect(made.count == 1)
        #expect(admin.roles == [.admin, .producer] && admin.tenantName == "studio")
        #expect(try await users.account(of: admin.id) == CreditAccount(available: 50, held: 0, settled: 0))
        #expect(try await StoreAudit(database).run() == [])
        await database.close()
    }

    @Test func aUserIsFoundByAddressInAnyCaseAndMadeOnce() async throws {
        try await StudioFixture.with { studio async throws in
            let found = try #require(try await studio.users.find(email: "ADA@Example.COM"))
            #expect(found.id == studio.user && found.displayName == "Ada")
            #expect(try await studio.users.find(studio.user) == found)
            #expect(try await studio.users.find(email: "nobody@example.com") == nil)
            await expectRefusal(.conflict) {
                _ = try await studio.users.create(
                    NewUser(email: "Ada@example.com", passwordHash: "x", roles: [.viewer]), tenant: studio.tenant)
            }
            for bad in ["", "ada", "@", "a@b@c", "a @b", String(repeating: "a", count: 250) + "@b.de"] {
                await expectRefusal(.invalid) {
                    _ = try await studio.users.create(
                        NewUser(email: bad, passwordHash: "x", roles: [.viewer]), tenant: studio.tenant)
                }
            }
            await expectRefusal(.invalid) {
                _ = try await studio.users.create(
                    NewUser(email: "x@y.de", passwordHash: "x", roles: []), tenant: studio.tenant)
            }
            await expectRefusal(.invalid) { _ = try await studio.users.createTenant(name: "Bad Name") }
            #expect(try await studio.users.createTenant(name: "studio") == studio.tenant)
            #expect(try await studio.users.tenant(named: "studio") == studio.tenant)
        }
    }

    @Test func aGrantIsInTheLedger() async throws {
        try await StudioFixture.with(credits: 1) { studio async throws in
            #expect(
                try await studio.users.grant(4, to: studio.user, note: "bonus")
                    == CreditAccount(available: 5, held: 0, settled: 0))
            await expectRefusal(.invalid) { _ = try await studio.users.grant(0, to: studio.user, note: "") }
            await expectRefusal(.notFound) { _ = try await studio.users.grant(1, to: UserID(), note: "") }
        }
    }
}

@Suite struct LoginThrottleTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func anAccountWaitsAfterItsFifthFailureAndEachTimeTwiceAsLong() async throws {
        try await StudioFixture.with { studio async throws in
            let throttle = LoginThrottle(studio.database)
            func attempt(at seconds: Double, from address: String = "10.0.0.1") async throws -> LoginThrottle.Verdict {
                try await throttle.admit(
                    account: "Ada@example.com", address: address, now: start.addingTimeInterval(seconds))
            }
            for second in 0..<5 { #expect(try await attempt(at: Double(second)) == .allowed) }
            // From anywhere, in any spelling; and a refused attempt does not make it longer.
            #expect(try await attempt(at: 4, from: "10.0.0.2") == .wait(seconds: 60))
            #expect(try await attempt(at: 34) == .wait(seconds: 30))
            #expect(try await attempt(at: 64) == .allowed)
            #expect(try await attempt(at: 64) == .wait(seconds: 120))
            #expect(try await attempt(at: 184) == .allowed)
            try await throttle.recordSuccess(account: "ada@EXAMPLE.com", address: "10.0.0.1")
            for second in 185..<190 { #expect(try await attempt(at: Double(second)) == .allowed) }
        }
    }

    @Test func failuresAreForgottenAfterAQuietWindow() async throws {
        try await StudioFixture.with { studio async throws in
            let throttle = LoginThrottle(studio.database)
            for round in 0..<3 {
                for attempt in 0..<4 {
                    let now = start.addingTimeInterval(Double(round * 1000 + attempt))
                    #expect(try await throttle.admit(account: "a", address: "b", now: now) == .allowed)
                }
            }
            #expect(try await throttle.purge(now: start.addingTimeInterval(10_000)) == 2)
        }
    }

    @Test func anAddressIsHeldBackOverAllAccountsAndGuessesAtOnceAreAllCounted() async throws {
        try await StudioFixture.with { studio async throws in
            let throttle = LoginThrottle(studio.database)
            let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask { [start] in
                        try await throttle.admit(account: "user\(number)", address: "10.0.0.9", now: start) == .allowed
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == 30)
            #expect(try await throttle.admit(account: "user1", address: "10.0.0.8", now: start) == .allowed)
        }
    }
}
