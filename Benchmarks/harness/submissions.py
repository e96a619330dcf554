"""Durable submissions (token, credits, commit, push) and the wait from submit to running, ours beside the peer's."""

import asyncio
import http.client
import json
import os
import subprocess
import time
import uuid
from urllib.parse import urlparse

import websockets

from services import ROOT, cpu_seconds


def load(url: str, token: str, body: dict, connections: int, seconds: int) -> dict:
    """One wrk run; failures are part of the result, never left out."""
    parts = urlparse(url)
    environment = {
        **os.environ, "BENCH_PATH": parts.path, "BENCH_BODY": json.dumps(body), "BENCH_TOKEN": token,
        "BENCH_RUN": uuid.uuid4().hex,
    }
    script = ROOT / "Benchmarks/harness/submit.lua"
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url],
        env=environment, check=True, capture_output=True, text=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    result["rate"] = (result["requests"] - result["failed"]) / result["seconds"]
    return result


def measure(name: str, url: str, token: str, body: dict, pids: dict[str, int], seconds: int) -> list[dict]:
    """Rates, waits and CPU time a job at 1, 16 and 64 clients."""
    rows = []
    load(url, token, body, 16, 2)
    for connections in (1, 16, 64):
        before = {part: cpu_seconds(pid) for part, pid in pids.items()}
        result = load(url, token, body, connections, seconds)
        done = max(1, result["requests"] - result["failed"])
        spent = {part: (cpu_seconds(pid) - before[part]) * 1000 / done for part, pid in pids.items()}
        rows.append({"who": name, "clients": connections, **result, "cpu_ms": spent})
        print(f"  {name:12} {connections:3} clients: {result['rate']:8.0f}/s  p50 {result['p50']:6.2f} ms  "
              f"p99 {result['p99']:7.2f} ms  failed {result['failed']}  CPU ms/job "
              + "  ".join(f"{part} {value:.3f}" for part, value in spent.items()), flush=True)
    return rows


async def submit_to_running(socket_url: str, subprotocols: list[str] | None, hello: str | None, url: str, token: str,
                            body: dict, count: int) -> list[float]:
    """Milliseconds from sending a submission to hearing `running`, one at a time on an idle stack."""
    parts = urlparse(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    waits = []
    async with websockets.connect(socket_url, subprotocols=subprotocols) as socket:
        if hello:
            await socket.send(hello)
        await socket.recv()
        for index in range(count + 20):
            await asyncio.sleep(0.02)
            started = time.perf_counter()

            def post() -> str:
                connection.request("POST", parts.path, json.dumps(body), headers)
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 202, text
                return json.loads(text)["id"]

            job = await asyncio.to_thread(post)
            settled = False
            while True:
                event = json.loads(await asyncio.wait_for(socket.recv(), 30))
                if event.get("job") == job and event.get("state") == "running" and not settled:
                    settled = True
                    if index >= 20:
                        waits.append((time.perf_counter() - started) * 1000)
                # Ours goes on to make a take; the next submission waits until the stack is idle again.
                if event.get("job") == job and (event.get("state") in ("succeeded", "failed") or hello is None):
                    break
    return waits
