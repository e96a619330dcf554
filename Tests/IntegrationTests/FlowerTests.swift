import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// The studio in the real Flower, looked at with a real browser.
@Suite(.timeLimit(.minutes(10)), .serialized) struct FlowerTests {
    /// A studio and a Flower that hears of its tasks.
    private static func with(
        settings: [String: String] = [:], _ body: (Stack, FlowerServer, _ node: String) async throws -> Void
    ) async throws {
        let stack = try await Stack.start(settings: settings.merging(["WORKER_TASK_EVENTS": "true"]) { $1 })
        try await stack.project()
        let flower = try await FlowerServer(broker: stack.redis.celeryURL())
        let node = try await node(of: flower)
        try await body(stack, flower, node)
        try await flower.process.stop()
        try await stack.stop()
    }

    @Test func aJobIsFollowedAndTerminatedOnItsPage() async throws {
        try await Self.with { stack, flower, _ in
            let job = try await stack.submitLong(seconds: 600)
            try await stack.waitForProgress(of: job)
            try await eventually("Flower shows the progress") {
                try await Self.task(job, in: flower)["result"]?.stringValue?.contains("'percent'") ?? false
            }
            let visit = try await BrowserPage.visit(
                "\(flower.base)/task/\(job)",
                [
                    .read("document.querySelector('.badge').innerText"), .read("document.body.innerText"),
                    .click("#task-terminate"), .until("document.body.innerText.includes('Revoked')"),
                ])
            #expect(visit.values[0] == "STARTED")
            let text = try #require(visit.values[1].stringValue)
            for words in ["studio.render", "'function': 'mock-video'", "'project': 'film'", "'stage': 'encoding'"] {
                #expect(text.contains(words), "\(words) in \(text)")
            }
            #expect(visit.complaints == [])
            try await stack.wait(for: job, toBe: "cancelled")
            try await eventually("Flower shows it revoked") {
                try await Self.task(job, in: flower)["state"] == "REVOKED"
            }
        }
    }

    @Test func everyEndIsShownAsWhatItIs() async throws {
        try await Self.with { stack, flower, _ in
            // Cancelled with the studio's own words, while it tells how far it is.
            let cancelled = try await stack.submitLong(seconds: 600)
            try await stack.waitForProgress(of: cancelled)
            #expect(try await stack.api.post("/api/v1/jobs/\(cancelled)/cancel").status < 300)
            let done = try await stack.submit("noop", parameters: ["milliseconds": 100])
            let late = try await stack.submit(
                "noop", parameters: ["milliseconds": 60_000], more: ["timeoutSeconds": 1, "maxAttempts": 1])
            for (job, state) in [(cancelled, "REVOKED"), (done, "SUCCESS"), (late, "FAILURE")] {
                try await eventually("Flower shows \(job) as \(state)") {
                    try await Self.task(job, in: flower)["state"] == .string(state)
                }
            }
            #expect(try await Self.task(done, in: flower)["runtime"]?.doubleValue ?? 0 >= 0.1)
            let failed = try await Self.task(late, in: flower)
            #expect(failed["exception"]?.stringValue?.hasPrefix("RunnerTimeout(") ?? false, "\(failed)")
        }
    }

    @Test func everyTabOfTheWorkersPageOpens() async throws {
        try await Self.with { stack, flower, node in
            let job = try await stack.submitLong(seconds: 600)
            try await stack.wait(for: job, toBe: "running")
            let tabs = [
                ("pool", "Max concurrency"), ("broker", "Virtual host"), ("queues", "studio"),
                ("tasks", "studio.render"), ("limits", "studio.submit"), ("config", "task_default_queue"),
                ("system", "maxrss"), ("other", "uptime"),
            ]
            var steps: [BrowserPage.Step] = []
            for (tab, _) in tabs {
                steps += [
                    .click("#worker-tab-\(tab)"),
                    .until("document.querySelector('#tab-\(tab)').classList.contains('show')"),
                    .read("document.querySelector('#tab-\(tab)').innerText"),
                ]
            }
            steps += [
                .click("#worker-tab-pool"), .click("#worker-pool-grow"),
                .until("document.body.innerText.includes('worker\\'s pool by 1')"),
                .go("\(flower.base)/"), .until("document.body.innerText.includes('Online')"),
                .go("\(flower.base)/broker"), .until("document.body.innerText.includes('studio')"),
            ]
            let visit = try await BrowserPage.visit("\(flower.base)/worker/\(node)", steps)
            for ((tab, words), value) in zip(tabs, visit.values) {
                #expect(value.stringValue?.contains(words) ?? false, "\(tab): \(value)")
            }
            #expect(visit.complaints == [])
            #expect(try await stack.sql("SELECT slots FROM workers") == ["3"], "the pool grew by the button")
            #expect(try await stack.api.post("/api/v1/jobs/\(job)/cancel").status < 300)
        }
    }

    /// What no worker is left to tell, a gateway does.
    @Test func jobsOfALostWorkerAreShownAsWhatBecameOfThem() async throws {
        let settings = ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "3"]
        try await Self.with(settings: settings) { stack, flower, node in
            let last = try await stack.submitWait(seconds: 600, more: ["maxAttempts": 1])
            var others: [String] = []
            for _ in 0..<2 { others.append(try await stack.submitWait(seconds: 600)) }
            for job in [last] + others {
                try await eventually("Flower shows \(job) as started") {
                    try await Self.task(job, in: flower)["state"] == "STARTED"
                }
            }
            await stack.workers[0].send(SIGKILL)
            try await Self.until(last, is: "FAILURE", in: flower)
            for job in others { try await Self.until(job, is: "RETRY", in: flower) }
            #expect(try await Self.task(last, in: flower)["exception"]?.stringValue?.hasPrefix("WorkerLost(") ?? false)
            #expect(try await Self.task(last, in: flower)["worker"] == .string(node), "no node is made up")

            // Cancelled between two attempts, by our word and by Celery's.
            #expect(try await stack.api.post("/api/v1/jobs/\(others[0])/cancel").status < 300)
            _ = try await CeleryProgram.run("control", "revoke", others[1], broker: stack.redis.celeryURL())
            for job in others {
                try await Self.until(job, is: "REVOKED", in: flower)
                try await stack.wait(for: job, toBe: "cancelled")
            }
        }
    }

    private static func until(_ job: String, is state: String, in flower: FlowerServer) async throws {
        try await eventually("Flower shows \(job) as \(state)") {
            try await task(job, in: flower)["state"] == .string(state)
        }
    }

    /// Waits until Flower knows one worker, and returns its name.
    private static func node(of flower: FlowerServer) async throws -> String {
        var found: String?
        try await eventually("Flower knows a worker") {
            let workers = try await get("/api/workers?status=true", from: flower).objectValue ?? [:]
            found = workers.first { $0.value == true }?.key
            return found != nil
        }
        return try #require(found)
    }

    private static func task(_ id: String, in flower: FlowerServer) async throws -> JSONValue {
        try await get("/api/tasks", from: flower)[id] ?? [:]
    }

    private static func get(_ path: String, from flower: FlowerServer) async throws -> JSONValue {
        try await APIClient(base: flower.base).get(path).json
    }
}
