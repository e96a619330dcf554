import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Each rule finds the damage it is for, and names the row.
@Suite struct StoreAuditTests {
    private static let damages: [(rule: String, sql: String)] = [
        ("running-attempt", "DELETE FROM job_attempts WHERE job_id = $1"),
        ("open-attempt", "UPDATE jobs SET state = 'queued', worker_id = NULL, lease_expires_at = NULL WHERE id = $1"),
        ("attempt-count", "INSERT INTO job_attempts (job_id, attempt, worker_id, worker_name) VALUES ($1, 7, $1, 'w')"),
        ("lease-abandoned", "UPDATE jobs SET lease_expires_at = now() - interval '2 minutes' WHERE id = $1"),
        (
            "ledger-account",
            "UPDATE credit_accounts SET available = available + 1 WHERE user_id = (SELECT user_id FROM jobs WHERE id = $1)"
        ),
        ("ledger-round", "DELETE FROM ledger_entries WHERE job_id = $1"),
        ("ledger-amount", "UPDATE jobs SET credits = credits + 1 WHERE id = $1"),
        ("take-counter", "DELETE FROM take_counters WHERE project_id = (SELECT project_id FROM jobs WHERE id = $1)"),
        ("take-of-job", "UPDATE takes SET shot = 'SHOT-099' WHERE job_id = $1"),
        ("state-told", "DELETE FROM events WHERE job_id = $1 AND payload->>'state' = 'running'"),
        (
            "delay-forgotten",
            """
            UPDATE jobs SET state = 'queued', worker_id = NULL, lease_expires_at = NULL, delayed = true,
                not_before = now() - interval '1 hour' WHERE id = $1
            """
        ),
        (
            "attempt-told",
            "UPDATE events SET payload = payload || '{\"attempt\": 2}' WHERE job_id = $1 AND payload->>'state' = 'running'"
        ),
        (
            "outcome-told",
            "UPDATE job_attempts SET outcome = 'failed', finished_at = now() WHERE job_id = $1"
        ),
        (
            "cancel-heard",
            """
            UPDATE jobs SET state = 'queued', worker_id = NULL, lease_expires_at = NULL, cancel_requested_at = now()
            WHERE id = $1
            """
        ),
        (
            "task-unmarked",
            "INSERT INTO celery_tasks (task_id, job_id, follows, request) SELECT 't', id, true, '{}' FROM jobs WHERE id = $1"
        ),
        (
            "task-late",
            """
            UPDATE jobs SET state = 'queued', worker_id = NULL, lease_expires_at = NULL,
                expires_at = now() - interval '1 hour' WHERE id = $1
            """
        ),
        (
            "state-followed",
            "UPDATE events SET payload = '{\"state\": \"failed\"}' WHERE job_id = $1 AND payload->>'state' = 'queued'"
        ),
    ]

    @Test(arguments: damages.map(\.rule)) func aRunningJobsDamageIsNamed(rule: String) async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let job = try await studio.submit()
            let claim = try await studio.claim(job)
            _ = try await studio.takes.allocate(claim, fileExtension: "mp4", mediaType: "video/mp4")
            #expect(try await studio.audit.run() == [])
            let sql = try #require(Self.damages.first { $0.rule == rule }?.sql)
            _ = try await studio.database.withConnection { try $0.execute(sql, [.id(job)]) }
            let findings = try await studio.audit.run()
            let finding = try #require(findings.first { $0.rule == rule }, "\(findings)")
            let take = try await studio.takes.get(job: job)
            #expect(
                [job.description, studio.user.description, take?.id.description ?? ""].contains {
                    finding.subject.hasSuffix($0)
                })
        }
    }

    @Test func aWaitingJobThatNobodyWillReleaseIsNamed() async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let upstream = try await studio.submit()
            let waiting = try await studio.submit(dependsOn: [upstream])
            _ = try await studio.database.withConnection {
                try $0.execute(
                    "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = $1", [.id(upstream)])
            }
            let rules = Set(try await studio.audit.run().filter { $0.subject == "job \(waiting)" }.map(\.rule))
            #expect(rules == ["waiting-for-nothing", "waiting-for-failed"])
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET state = 'queued', queued_at = now() WHERE id = $1", [.id(waiting)])
            }
            #expect(
                try await studio.audit.run().contains {
                    $0.rule == "started-too-early" && $0.subject == "job \(waiting)"
                })
        }
    }

    @Test func aSuccessWithoutItsTakeIsNamed() async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let job = try await studio.submit()
            try await studio.publish(studio.claim(job))
            #expect(try await studio.audit.run() == [])
            _ = try await studio.database.withConnection {
                try $0.script("DELETE FROM events WHERE kind = 'take.created'")
            }
            #expect(try await studio.audit.run().map(\.rule) == ["take-told"])
            _ = try await studio.database.withConnection {
                try $0.execute("DELETE FROM takes WHERE job_id = $1", [.id(job)])
            }
            #expect(try await studio.audit.run().map(\.rule) == ["take-of-success"])
        }
    }

    @Test func aFailureThatNothingExplainsIsNamed() async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let job = try await studio.submit(maxAttempts: 1)
            let dependent = try await studio.submit(dependsOn: [job])
            _ = try await studio.jobs.fail(
                studio.claim(job), failure: JobFailure(.runnerFailed, "broke"), retryDelay: .zero)
            #expect(try await studio.audit.run() == [])
            func damage(_ sql: String) async throws -> Set<String> {
                _ = try await studio.database.withConnection { try $0.execute(sql, [.id(job), .id(dependent)]) }
                return try await Set(studio.audit.run().map { "\($0.rule) \($0.subject)" })
            }
            // Another cause than the attempt's and the event's.
            let other = try await damage(
                "UPDATE jobs SET failure = failure || '{\"code\": \"poison\"}' WHERE id = $1 AND $2::uuid IS NOT NULL")
            #expect(other == ["failure-told job \(job)", "failure-explained job \(job)"])
            // Nothing tells any more of what the other fails for.
            let untold = try await damage(
                "DELETE FROM job_dependencies WHERE depends_on = $1 AND job_id = $2")
            #expect(untold == other.union(["failure-explained job \(dependent)"]))
        }
    }

    @Test func anAnswerWithoutItsJobIsNamed() async throws {
        try await StudioFixture.with(audited: false) { studio async throws in
            let job = try await studio.submit()
            let other = JobID()
            func receipt(_ id: JobID) -> String { #"{"id": "\#(id)", "links": {"self": "/api/v1/jobs/\#(id)"}}"# }
            for (key, body) in [
                ("kept", receipt(job)), ("lost", receipt(other)),
                ("batch", #"{"items": [{"job": \#(receipt(job))}, {"problem": {}}, {"job": \#(receipt(other))}]}"#),
            ] {
                _ = try await studio.database.withConnection {
                    try $0.execute(
                        """
                        INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)
                        VALUES ($1, $2, repeat('a', 64), 202, '{}', $3)
                        """, [.id(studio.user), .text(key), .text(body)])
                }
            }
            let findings = try await studio.audit.run()
            #expect(findings.map(\.rule) == ["answer-kept", "answer-kept"])
            #expect(findings.allSatisfy { $0.detail.contains("\(other)") && !$0.detail.contains("key kept") })
        }
    }
}
