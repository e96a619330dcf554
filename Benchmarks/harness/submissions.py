"""Durable submissions (token, credits, commit, push), ours beside the peer's and beside what PostgreSQL alone does."""

import json
import os
import re
import subprocess
import uuid
from urllib.parse import urlparse

from peers import Peer
from services import HOME, ROOT, CPUWatch
from stack import Stack

BODY = {"shot": "SHOT-010", "function": "mock-image", "parameters": {"prompt": "bench", "width": 64, "height": 64}}
CLIENTS = (1, 16, 64, 256)


def load(url: str, token: str, body: dict, connections: int, seconds: int) -> dict:
    """One wrk run; failures are part of the result, never left out."""
    parts = urlparse(url)
    environment = {
        **os.environ, "BENCH_PATH": parts.path, "BENCH_BODY": json.dumps(body), "BENCH_TOKEN": token,
        "BENCH_RUN": uuid.uuid4().hex,
    }
    script = ROOT / "Benchmarks/harness/submit.lua"
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", str(script), url],
        env=environment, check=True, capture_output=True, text=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    result["rate"] = (result["requests"] - result["failed"]) / result["seconds"]
    return result


def wrk(name: str, url: str, token: str, pids: dict[str, int], seconds: int) -> list[dict]:
    """Rates, waits and CPU time a job."""
    rows = []
    load(url, token, BODY, 16, min(2, seconds))
    for clients in CLIENTS:
        watch = CPUWatch(pids)
        result = load(url, token, BODY, clients, seconds)
        spent = watch.milliseconds_each(result["requests"] - result["failed"])
        rows.append({"who": name, "clients": clients, **result, "cpu_ms": spent})
        print(f"  {name:12} {clients:3} clients: {result['rate']:8.0f}/s  p50 {result['p50']:6.2f} ms  "
              f"p99 {result['p99']:7.2f} ms  failed {result['failed']}  CPU ms/job "
              + "  ".join(f"{part} {value:.3f}" for part, value in spent.items()), flush=True)
    return rows


def studio(stack: Stack, seconds: int) -> list[dict]:
    rows = wrk("studio", stack.jobs_url, stack.token, {"gateway": stack.pid("GatewayServer"), **stack.shared_pids}, seconds)
    stack.forget_backlog()
    return rows


def peers(stack: Stack, seconds: int) -> list[dict]:
    """One process, and one for each core."""
    rows = []
    for processes in sorted({1, os.cpu_count() or 2}):
        with Peer(stack, processes=processes) as peer:
            rows += wrk(
                f"peer x{processes}", peer.jobs_url, peer.token, {"gateway": peer.server.pid, **stack.shared_pids}, seconds)
    return rows


def pgbench(stack: Stack, seconds: int) -> list[dict]:
    """The floor: nothing but durable inserts of one row each, by the program that PostgreSQL itself comes with."""
    script = HOME / "insert.sql"
    script.write_text("INSERT INTO bench_rows (payload) VALUES ('{\"prompt\": \"bench\", \"width\": 64, \"height\": 64}');\n")
    with stack.database() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_rows (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
            " payload jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now())")
    rows = []
    for clients in CLIENTS:
        if clients > 150:
            # Its clients are connections, of which the server has 200; nobody gives a web server more either.
            continue
        watch = CPUWatch({"postgres": stack.pid("postgres")})
        output = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(seconds),
             stack.settings["DATABASE_URL"]], check=True, capture_output=True, text=True).stdout
        done = int(re.search(r"actually processed: (\d+)", output)[1])
        row = {
            "who": "pgbench", "clients": clients, "requests": done, "failed": 0, "rate": done / seconds,
            "p50": float(re.search(r"latency average = ([\d.]+)", output)[1]), "cpu_ms": watch.milliseconds_each(done)}
        rows.append(row)
        print(f"  {'pgbench':12} {clients:3} clients: {row['rate']:8.0f}/s  mean {row['p50']:5.2f} ms  CPU ms/row postgres "
              f"{row['cpu_ms']['postgres']:.3f}", flush=True)
    with stack.database() as cursor:
        cursor.execute("DROP TABLE bench_rows")
    return rows
