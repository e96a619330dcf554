import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Subscriptions") struct SubscriptionTests {
    private func subscribe(
        _ client: WebSocketClient, _ topic: String, since: String? = nil
    ) async throws -> JSONValue {
        try await client.send(#"{"type":"subscribe",\#(topic)\#(since.map { #","since":"\#($0)""# } ?? "")}"#)
        while true {
            // Events of what the client is subscribed to already may come before the answer.
            let event = try await client.event()
            if event["type"] == "subscribed" || event["type"] == "error" { return event }
        }
    }

    @Test func tellsWhatHappensFromNowOn() async throws {
        try await TestGateway.run { gateway in
            try await gateway.studio.change(1)
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token(gateway.studio.viewer))
            let answer = try await subscribe(client, #""project":"film""#)
            #expect(answer["type"] == "subscribed")
            #expect(answer["project"] == "film")
            let newest = try #require(answer["newest"]?.stringValue.flatMap(EventCursor.init))
            try await gateway.studio.change(2)
            gateway.hub.wake()
            while true {
                // The first change may not have been readable before: transactions of other tests' databases.
                let event = try await client.event()
                #expect(event["type"] == "project.changed")
                #expect(event["project"] == "film")
                #expect(try #require(event["id"]?.stringValue.flatMap(EventCursor.init)) > newest)
                if event["change"] == "change-2" { break }
            }
            await client.connection.close()
        }
    }

    @Test func aPlaceFromBeforeARestoreIsRefusedAndOneMayGoOnWithoutIt() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token(gateway.studio.viewer))
            let refusal = try await subscribe(client, #""project":"film""#, since: "9000000000000.7")
            #expect(refusal["type"] == "error")
            #expect(refusal["code"] == "validation-failed")
            #expect(try await subscribe(client, #""project":"film""#)["type"] == "subscribed")
            await client.connection.close()
            for (path, headers) in [("?since=9000000000000.7", []), ("", ["Last-Event-ID: 9000000000000.7"])] {
                let answer = try await gateway.request(
                    "GET", "/api/v1/projects/film/events\(path)", token: try gateway.token(), headers: headers)
                #expect(answer.status == 400)
                #expect(answer.json["errors"]?.arrayValue?.first?["pointer"] == "/since")
            }
        }
    }

    @Test func hearsOfCommitsThroughRedis() async throws {
        // The clock never moves: what is heard is heard through Redis.
        let clock = ManualClock()
        try await TestGateway.run(.init(clock: clock)) { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#)
            try await gateway.studio.change(1)
            // Until then a transaction of another test's database may hold it back.
            _ = try await gateway.studio.stored(1)
            try await gateway.bus.announceEvents()
            #expect(try await client.event()["change"] == "change-1")
            await client.connection.close()
        }
    }

    @Test func hearsOfCommitsNobodyAnnounced() async throws {
        let clock = ManualClock()
        try await TestGateway.run(.init(clock: clock)) { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#)
            try await gateway.studio.change(1)
            // Until then a transaction of another test's database may hold it back.
            _ = try await gateway.studio.stored(1)
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(1))
            #expect(try await client.event()["change"] == "change-1")
            await client.connection.close()
        }
    }

    @Test func waitsForOlderTransactionsAndSkipsNone() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#)
            let studio = gateway.studio
            let (begun, finish) = (Signal("the slow transaction has written"), Signal("it may commit"))
            async let slow: Void = studio.database.transaction { connection in
                try TestStudio.insert(1, studio.film, on: connection)
                begun.fire()
                // A database thread, not the cooperative pool.
                while !finish.isFired { giveWay() }
            }
            try await begun.wait()
            try await studio.change(2)
            gateway.hub.wake()
            finish.fire()
            try await slow
            gateway.hub.wake()
            #expect(try await client.event()["change"] == "change-1")
            #expect(try await client.event()["change"] == "change-2")
            await client.connection.close()
        }
    }

    @Test func replaysAndGoesLiveWithoutGapOrDouble() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            try await studio.change(0)
            let since = try await studio.stored(1)[0].description
            for number in 1...1200 where number.isMultiple(of: 100) {
                try await studio.database.transaction { connection in
                    for change in (number - 99)...number { try TestStudio.insert(change, studio.film, on: connection) }
                }
            }
            // While clients subscribe, more is written and announced.
            async let writing: Void = {
                for number in 1201...1400 {
                    try await studio.change(number)
                    gateway.hub.wake()
                }
            }()
            try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
                        #expect(try await subscribe(client, #""project":"film""#, since: since)["type"] == "subscribed")
                        var heard: [String] = []
                        while heard.last != "change-1400" {
                            heard.append(try #require(try await client.event()["change"]?.stringValue))
                        }
                        await client.connection.close()
                        return heard
                    }
                }
                for try await heard in group { #expect(heard == (1...1400).map { "change-\($0)" }) }
            }
            try await writing
        }
    }

    @Test func tellsOnceWhatTwoSubscriptionsMatch() async throws {
        try await TestGateway.run { gateway in
            let job = try await gateway.studio.makeJob()
            _ = try await gateway.studio.stored(1)
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#, since: "0.0")
            let queued = try await client.event()
            #expect(queued["type"] == "job.state")
            #expect(queued["state"] == "queued")
            #expect(queued["job"]?.stringValue == job.description)
            // All of the job lies within what the project's subscription covers.
            _ = try await subscribe(client, #""job":"\#(job)""#, since: "0.0")
            try await gateway.studio.cancel(job)
            gateway.hub.wake()
            #expect(try await client.event()["state"] == "cancelled")
            try await gateway.studio.change(1)
            gateway.hub.wake()
            #expect(try await client.event()["change"] == "change-1")
            await client.connection.close()
        }
    }

    @Test func followsOneJobOnly() async throws {
        try await TestGateway.run { gateway in
            let (mine, other) = (try await gateway.studio.makeJob(), try await gateway.studio.makeJob())
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            #expect(try await subscribe(client, #""job":"\#(mine)""#)["job"]?.stringValue == mine.description)
            try await gateway.studio.cancel(other)
            try await gateway.studio.cancel(mine)
            gateway.hub.wake()
            while true {
                let event = try await client.event()
                #expect(event["job"]?.stringValue == mine.description)
                if event["state"] == "cancelled" { break }
            }
            await client.connection.close()
        }
    }

    @Test func saysNothingOfAnotherTenant() async throws {
        try await TestGateway.run { gateway in
            let job = try await gateway.studio.makeJob()
            let stranger = try await WebSocketClient.connect(gateway, token: try gateway.token(gateway.studio.stranger))
            for topic in [#""project":"film""#, #""job":"\#(job)""#, #""project":"nothing""#] {
                let event = try await subscribe(stranger, topic, since: "0.0")
                #expect(event["type"] == "error")
                #expect(event["code"] == "not-found")
            }
            _ = try await subscribe(stranger, #""project":"other""#)
            try await gateway.studio.change(1, in: gateway.studio.film)
            try await gateway.studio.change(2, in: gateway.studio.other)
            gateway.hub.wake()
            #expect(try await stranger.event()["change"] == "change-2")
            await stranger.connection.close()
        }
    }

    @Test func endsSubscriptions() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            let job = try await gateway.studio.makeJob()
            _ = try await subscribe(client, #""project":"film""#)
            let again = try await subscribe(client, #""project":"film""#)
            #expect(again["code"] == "conflict")
            try await client.send(#"{"type":"unsubscribe","project":"film"}"#)
            // Answers come in the order of the commands, so this one is through when the next is answered.
            _ = try await subscribe(client, #""job":"\#(job)""#)
            try await gateway.studio.change(1)
            try await gateway.studio.cancel(job)
            gateway.hub.wake()
            while true {
                let event = try await client.event()
                #expect(event["type"] == "job.state")
                if event["state"] == "cancelled" { break }
            }
            await client.connection.close()
        }
    }

    @Test func passesProgressOn() async throws {
        try await TestGateway.run { gateway in
            let job = try await gateway.studio.makeJob()
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#)
            let report = ProgressReport(
                job: job, project: gateway.studio.film, attempt: 1, progress: 0.42, stage: "encode", etaSeconds: 3)
            // Nothing says when the gateway has begun to listen, so it is told until it has heard.
            let telling = Task {
                while !Task.isCancelled {
                    try await gateway.bus.publish(report)
                    await Task.yield()
                }
            }
            // The job's first state may be told after the subscription.
            var event = try await client.event()
            while event["type"] == "job.state" { event = try await client.event() }
            telling.cancel()
            #expect(event["type"] == "job.progress")
            #expect(event["project"] == "film")
            #expect(event["progress"] == 0.42)
            #expect(event["etaSeconds"]?.doubleValue == 3)
            #expect(event["id"] == nil)
            await client.connection.close()
        }
    }

    @Test func closesAClientTooSlowForItsEvents() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            _ = try await subscribe(client, #""project":"film""#)
            try await client.connection.stopReading()
            // Far more than the sockets' buffers and the session's bounds hold.
            let filler = String(repeating: "x", count: 20_000)
            while gateway.clientsTooSlow == 0 {
                try await studio.database.transaction { connection in
                    for _ in 0..<40 {
                        try connection.execute(
                            """
                            INSERT INTO events (tenant_id, project_id, kind, payload)
                            SELECT tenant_id, id, 'project.changed', jsonb_build_object('change', $2::text) FROM projects
                            WHERE id = $1
                            """, [.id(studio.film), .text(filler)])
                    }
                }
                gateway.hub.wake()
            }
            try await client.connection.resumeReading()
            var last: String?
            while true {
                let frame = try await client.frame()
                if frame.opcode == 8 {
                    #expect(frame.closeCode == 1013)
                    break
                }
                if frame.opcode == 1 { last = frame.json["id"]?.stringValue }
            }
            // What it got has no gap: it can read on from there.
            #expect(last.flatMap(EventCursor.init) != nil)
            await client.connection.close()
        }
    }
}

private func giveWay() {
    // On a database thread of the test's own; the wait ends with a signal.
    sched_yield()
}
