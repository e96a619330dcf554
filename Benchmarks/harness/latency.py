"""From submitting to hearing `running` over a WebSocket, one job at a time on an idle stack."""

import asyncio
import http.client
import json
import time
from urllib.parse import urlparse

import websockets

import report
from peers import Peer
from stack import Stack

WARM_UP = 20


async def waits(socket_url: str, subprotocols: list[str] | None, hello: str | None, url: str, token: str,
                count: int) -> list[float]:
    """Milliseconds from sending a submission to hearing `running`."""
    parts = urlparse(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"shot": "SHOT-010", "function": "noop"})
    found = []
    async with websockets.connect(socket_url, subprotocols=subprotocols, compression=None) as socket:
        if hello:
            await socket.send(hello)
        await socket.recv()
        for index in range(count + WARM_UP):
            await asyncio.sleep(0.02)

            def post() -> str:
                connection.request("POST", parts.path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 202, text
                return json.loads(text)["id"]

            started = time.perf_counter()
            job = await asyncio.to_thread(post)
            while True:
                event = json.loads(await asyncio.wait_for(socket.recv(), 30))
                if event.get("job") != job:
                    continue
                if event.get("state") == "running" and index >= WARM_UP:
                    found.append((time.perf_counter() - started) * 1000)
                # Ours goes on to succeed; the next submission waits until the stack is idle again.
                if event.get("state") in ("succeeded", "failed") or hello is None:
                    break
    return found


def tell(who: str, found: list[float]) -> dict:
    summary = report.summary(found)
    print(f"  {who:12} p50 {summary['p50']:6.2f} ms  p99 {summary['p99']:6.2f} ms  ({summary['count']} jobs)", flush=True)
    return {"who": who, **summary}


def studio(stack: Stack, count: int) -> dict:
    with stack.worker():
        time.sleep(2)
        found = asyncio.run(waits(
            stack.url.replace("http", "ws") + "/api/v1/events", ["studio.v1", f"bearer.{stack.token}"],
            json.dumps({"type": "subscribe", "project": stack.project}), stack.jobs_url, stack.token, count))
    return tell("studio", found)


def peer(stack: Stack, count: int) -> dict:
    with Peer(stack, worker=True) as peer:
        found = asyncio.run(waits(
            peer.url.replace("http", "ws") + "/events", None, None, peer.jobs_url, peer.token, count))
    return tell("peer", found)
