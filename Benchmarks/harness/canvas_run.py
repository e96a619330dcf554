"""A canvas of small text nodes through two worker processes: compiled, admitted in one transaction, each node a file of the
cache that others read, held against its hash before it is used. Then the same canvas again, when all of it is there."""

import time

from noop import tell
from services import CPUWatch, request
from stack import Stack


def document(nodes: int) -> dict:
    """Chains of ten, each node behind the one before it, and behind the first of its chain."""
    graph: dict = {"nodes": [], "edges": [], "viewport": {"x": 0, "y": 0, "zoom": 1}}

    def join(source: int, target: int) -> None:
        graph["edges"].append({
            "id": f"{source}-{target}", "source": f"n{source}", "target": f"n{target}", "targetHandle": "before"})

    for number in range(nodes):
        graph["nodes"].append({
            "id": f"n{number}", "type": "function", "position": {"x": number % 10 * 300, "y": number // 10 * 200},
            "data": {"function": "write-text", "parameters": {"text": f"node {number} at {time.time()}"}}})
        if place := number % 10:
            join(number - 1, number)
            if place > 1:
                join(number - place, number)
    return graph


def timed(work) -> tuple[float, dict]:
    began = time.monotonic()
    answer = work()[1]
    return (time.monotonic() - began) * 1000, answer


def studio(stack: Stack, nodes: int) -> dict:
    url = f"{stack.url}/api/v1/projects/{stack.project}/canvases/main_canvas/runs"
    body = {"document": document(nodes)}
    ahead, _ = timed(lambda: request("POST", url + "?dryRun=true", body, stack.token))
    with stack.worker(WORKER_SLOTS="16") as first, stack.worker(WORKER_SLOTS="16", WORKER_NAME="bench-2") as second, \
            stack.database() as cursor:
        pids = {"worker": first.pid, "worker 2": second.pid, "gateway": stack.pid("GatewayServer"), **stack.shared_pids}
        watch, began = CPUWatch(pids), time.monotonic()
        admitted, run = timed(lambda: request("POST", url, body, stack.token))
        state = "running"
        while state == "running":
            assert time.monotonic() < began + 300, "the run does not end"
            time.sleep(0.01)
            cursor.execute("SELECT state FROM canvas_runs WHERE id = %s", (run["id"],))
            state = cursor.fetchone()[0]
        assert state == "succeeded", state
        result = tell("canvas", nodes, time.monotonic() - began, watch.milliseconds_each(nodes))
    cached, again = timed(lambda: request("POST", url, body, stack.token))
    assert not again["jobs"] and again["state"] == "succeeded", again
    print(f"  {nodes} nodes: dry run {ahead:.0f} ms, admitted in {admitted:.0f} ms, all of it cached {cached:.0f} ms", flush=True)
    return {**result, "dry_run_ms": ahead, "admit_ms": admitted, "cached_ms": cached}
