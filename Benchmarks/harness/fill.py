"""Fills the studio's tables with finished jobs of the past: with their attempts, events, credits and ledger, so that the
audit finds nothing, in sets and on two connections."""

import concurrent.futures
import time

from stack import EMAIL, Stack, post_batch

BATCH = 50_000
# Ids as the studio makes them: a UUIDv7 has its milliseconds first, so that history lies before what comes.
SQL = """
WITH base AS (
    SELECT p.tenant_id, p.id AS project_id, u.id AS user_id, r.digest
    FROM projects p, users u, (SELECT digest FROM function_revisions WHERE name = 'noop' LIMIT 1) r
    WHERE p.name = %(project)s AND u.email = %(email)s
), made AS MATERIALIZED (
    SELECT (substr(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || 'a'
            || substr(h, 4, 15), 1, 32))::uuid AS id, at
    FROM (SELECT md5(random()::text || n) AS h,
                 now() - interval '1 day' - n * interval '400 milliseconds' AS at
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) g
), jobs AS (
    INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
        inputs, quality, queue, priority, max_attempts, timeout_seconds, state, attempt, counted_attempts, credits,
        created_at, queued_at, pushed_at, started_at, finished_at)
    SELECT m.id, tenant_id, project_id, user_id, 'SHOT-001', 1, 'noop', digest, '{"milliseconds": 0}', '{}', 'standard',
        'studio', 5, 3, 300, 'succeeded', 1, 1, 1, at, at, at, at + interval '10 ms', at + interval '20 ms'
    FROM made m, base
), attempts AS (
    INSERT INTO job_attempts (job_id, attempt, worker_id, worker_name, started_at, finished_at, outcome)
    SELECT id, 1, '0190a000-0000-7000-a000-000000000001', 'history', at + interval '10 ms', at + interval '20 ms',
        'succeeded'
    FROM made
), told AS (
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload, created_at)
    SELECT tenant_id, project_id, m.id, 'job.state', jsonb_build_object('state', s.state, 'attempt', s.attempt),
        at + s.step * interval '10 ms'
    FROM made m, base, (VALUES (0, 'queued', 0), (1, 'running', 1), (2, 'succeeded', 1)) AS s (step, state, attempt)
    ORDER BY m.id, s.step
)
INSERT INTO ledger_entries (user_id, job_id, round, kind, amount, created_at)
SELECT user_id, m.id, 0, k.kind, 1, at FROM made m, base, (VALUES ('hold'), ('settle')) AS k (kind)
"""


def count(stack: Stack) -> int:
    with stack.database() as cursor:
        cursor.execute("SELECT count(*) FROM jobs")
        return cursor.fetchone()[0]


def fill(stack: Stack, jobs: int) -> dict:
    """Brings the number of jobs in the tables to `jobs`; what autovacuum does in a quiet hour is done at the end."""
    with stack.database() as cursor:
        cursor.execute("SELECT count(*) FROM function_revisions WHERE name = 'noop'")
        if cursor.fetchone()[0] == 0:
            post_batch(stack, "noop", 1)
            stack.forget_backlog()
    missing = jobs - count(stack)
    if missing <= 0:
        return {"jobs": jobs, "seconds": 0.0}
    started = time.monotonic()
    project = stack.new_project()
    ranges = [(first, min(first + BATCH, missing + 1) - 1) for first in range(1, missing + 1, BATCH)]

    def insert(numbers: tuple[int, int]) -> None:
        with stack.database("postgres") as cursor:
            # The rows are whole as they stand: triggers would tell of each again, and foreign keys look each one up.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SET synchronous_commit = off")
            cursor.execute(SQL, {"project": project, "email": EMAIL, "first": numbers[0], "last": numbers[1]})

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(insert, ranges))
    with stack.database("postgres") as cursor:
        cursor.execute(
            "UPDATE credit_accounts SET available = available - %s, settled = settled + %s"
            " WHERE user_id = (SELECT id FROM users WHERE email = %s)", (missing, missing, EMAIL))
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    seconds = time.monotonic() - started
    print(f"  {count(stack):,} jobs in the tables ({seconds:.0f} s)", flush=True)
    return {"jobs": jobs, "seconds": seconds}
