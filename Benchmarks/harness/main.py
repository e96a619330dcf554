"""Runs every measurement, ours and the peers' on the same PostgreSQL and Redis, and prints ratios and bars.

Steps, chosen with ONLY=a,b: start, latency, noop, submissions, growth, fanout, chunks, canvas-run, page, publish, functions,
memory, canvas.
QUICK=1 measures shorter, fills 100,000 jobs and connects 2,000 clients. SECONDS_EACH, JOBS_SMALL, JOBS_LARGE, CLIENTS and
MINUTES (of the long film of `memory`) set each by itself; ROWS=assemble,sprite measures only the functions whose rows begin so,
ROUNDS how often. PEERS=0 leaves the peers out, for looking at a change of ours.
"""

import os
import shutil
import sys
import time

import bars
import canvas
import canvas_run
import chunks
import fanout
import fill
import functions
import latency
import media
import noop
import page
import report
import submissions
from peers import Peer
from services import BINARIES, HOME, ROOT, Program, end_with_us, free_port, resident_megabytes
from stack import Stack

STEPS = (
    "start", "latency", "noop", "submissions", "growth", "fanout", "chunks", "canvas-run", "page", "publish", "functions",
    "memory", "canvas")
QUICK = os.environ.get("QUICK", "") not in ("", "0")
PEERS = os.environ.get("PEERS", "1") != "0"


def setting(name: str, whole: int, quick: int) -> int:
    return int(os.environ.get(name) or (quick if QUICK else whole))


SECONDS = setting("SECONDS_EACH", 5, 2)
SMALL, LARGE = setting("JOBS_SMALL", 1_000, 1_000), setting("JOBS_LARGE", 1_000_000, 100_000)
CLIENTS = setting("CLIENTS", 10_000, 2_000)
WAITS = 100 if QUICK else 300
NOOPS, PEER_NOOPS = (10_000, 1_500) if QUICK else (30_000, 4_000)


def measure_start(stack: Stack) -> dict:
    """Exec to the first answer of /healthz, and memory at rest."""
    starts = []
    for _ in range(5):
        port = free_port()
        settings = {
            **stack.settings, "STUDIO_ENV": "development", "PORT": str(port), "HOST": "127.0.0.1", "LOG_LEVEL": "warning"}
        with Program([str(BINARIES / "GatewayServer"), "serve"], settings, "start") as gateway:
            starts.append(gateway.wait_for(f"http://127.0.0.1:{port}/healthz") * 1000)
    with stack.worker() as worker:
        time.sleep(3)
        memory = {"gateway": resident_megabytes(stack.pid("GatewayServer")), "worker": resident_megabytes(worker.pid)}
    with Peer(stack) as peer:
        time.sleep(2)
        theirs = {"start_ms": peer.start_seconds * 1000, "megabytes": resident_megabytes(peer.server.pid)}
    result = {"start_ms": sorted(starts)[2], "megabytes": memory, "peer": theirs}
    print(f"  {result}", flush=True)
    return result


def ours(stack: Stack, chosen: set[str], into: dict) -> None:
    """What is measured at either number of jobs: the three that touch the tables."""
    if "latency" in chosen:
        heading("submit to running, idle")
        into["latency"] = [latency.studio(stack, WAITS)]
    if "noop" in chosen:
        heading("jobs that do nothing")
        into["noop"] = [noop.studio(stack, NOOPS)]
    if "submissions" in chosen:
        heading("durable submissions")
        into["submissions"] = submissions.studio(stack, SECONDS)


def heading(text: str) -> None:
    print(f"== {text}", flush=True)


def with_a_stack(chosen: set[str], results: dict) -> None:
    with Stack() as stack:
        if "start" in chosen:
            heading("start and memory at rest")
            results["start"] = measure_start(stack)
        if chosen & {"latency", "noop", "submissions", "growth"}:
            heading(f"{SMALL:,} jobs in the tables")
            fill.fill(stack, SMALL)
            core = chosen & {"latency", "noop", "submissions"} or {"latency", "noop", "submissions"}
            ours(stack, core, results)
        if PEERS and chosen & {"latency", "noop", "submissions"}:
            heading("the peers")
            if "latency" in chosen:
                results["latency"].append(latency.peer(stack, WAITS))
            if "noop" in chosen:
                results["noop"] += noop.peers(stack, PEER_NOOPS)
            if "submissions" in chosen:
                results["submissions"] += submissions.peers(stack, SECONDS) + submissions.pgbench(stack, SECONDS)
        if "fanout" in chosen:
            heading("events to many clients")
            results["fanout"] = [fanout.studio(stack, CLIENTS)]
            if PEERS:
                results["fanout"].append(fanout.peer(stack, CLIENTS))
        if "chunks" in chosen:
            heading("exports in chunks, a core for each worker")
            results["chunks"] = chunks.studio(stack, 20 if QUICK else 60, 1 if QUICK else 3)
        if "canvas-run" in chosen:
            heading("a canvas through two workers")
            stack.forget_backlog()
            results["canvas_run"] = [canvas_run.studio(stack, nodes) for nodes in ((100, 500) if QUICK else (100, 500, 2_000))]
        if "page" in chosen:
            heading("the page in a browser")
            results["page"] = page.studio(stack, 3 if QUICK else 9)
        if "growth" in chosen:
            heading(f"{LARGE:,} jobs in the tables")
            results["growth"] = {"fill": fill.fill(stack, LARGE)}
            ours(stack, core, results["growth"])
        heading("audit")
        results["audit"] = stack.audit()
        print(f"  {results['audit']}", flush=True)


def main() -> None:
    end_with_us()
    HOME.mkdir(parents=True, exist_ok=True)
    chosen = set(os.environ.get("ONLY", ",".join(STEPS)).split(","))
    if unknown := chosen - set(STEPS):
        sys.exit(f"ONLY knows {', '.join(STEPS)}, not {', '.join(sorted(unknown))}")
    # A fresh stack: the backlog of an earlier run would stand before what is measured.
    for left in (".studio", "Workspace"):
        shutil.rmtree(HOME / left, ignore_errors=True)
    measure = str(ROOT / os.environ.get("MEASURE", "Benchmarks/.build/release/Measure"))
    began = time.monotonic()
    results: dict = {"quick": QUICK}
    try:
        if chosen - {"publish", "functions", "memory", "canvas"}:
            with_a_stack(chosen, results)
        if "publish" in chosen:
            heading("a finished file to a committed take")
            results["publish"] = media.publish(measure, 0.25 if QUICK else 1, 1 if QUICK else 3)
        if "functions" in chosen:
            heading("the media engine's functions")
            wanted = tuple(filter(None, os.environ.get("ROWS", "").split(",")))
            results["functions"] = functions.measure(setting("ROUNDS", 3, 1), wanted)
        if "memory" in chosen:
            heading("memory over a long film")
            results["memory"] = functions.memory(setting("MINUTES", 60, 10))
        if "canvas" in chosen:
            heading("canvases")
            results["canvas"] = canvas.compile_all(measure, (100, 2_000, 20_000), 5 if QUICK else 15)
    finally:
        results["seconds"] = time.monotonic() - began
        path = report.write(results)
        print(bars.table(results))
        print(f"{results['seconds']:.0f} s; raw numbers: {path.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    main()
