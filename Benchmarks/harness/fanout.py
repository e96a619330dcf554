"""One event to thousands of WebSocket clients: deliveries a second, CPU and memory of each, and how late they are."""

import concurrent.futures
import http.client
import json
import os
import struct
import subprocess
import time
from urllib.parse import urlparse

import report
from peers import Peer
from services import HOME, ROOT, CPUWatch, cpu_seconds, resident_megabytes, start, stop
from stack import Stack

PACED_RATE = 20_000
# So that a handful of wakeups does not decide; and a flood short enough for every client's bounds.
PACED_SECONDS, FLOOD_EVENTS = 8, 100


class Listeners:
    """The C program in Benchmarks/Sources/Listeners, its arrivals read back as (number of the event, seconds)."""

    def __init__(self, port: int, path: str, clients: int, hello: str, headers: list[str]):
        program = ROOT / os.environ.get("LISTENERS", "Benchmarks/.build/release/Listeners")
        self.process = start(
            [program, str(port), path, str(clients), hello, *headers], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def __enter__(self) -> "Listeners":
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)

    def ready(self) -> int:
        return int(self.process.stdout.readline().split()[1])

    def say(self, command: str) -> list[str]:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def forget(self) -> None:
        self.say("forget")

    def arrivals(self) -> list[tuple[int, float]]:
        path = HOME / "arrivals.bin"
        self.say(f"report {path}")
        data = path.read_bytes()
        path.unlink()
        return [(number, at / 1e9) for number, at in struct.iter_unpack("=QQ", data)]

    def wait(self, deliveries: int, bound: float) -> list[tuple[int, float]]:
        """Looks until so many have come, no more often than it can without taking the servers' time."""
        until = time.monotonic() + bound
        idle = cpu_seconds(self.process.pid)
        while time.monotonic() < until:
            time.sleep(0.5)
            now = cpu_seconds(self.process.pid)
            if now - idle < 0.02:
                found = self.arrivals()
                if len(found) >= deliveries:
                    return found
            idle = now
        return self.arrivals()


class Submissions:
    """Makes events by submitting jobs that no worker takes: one connection, one event each."""

    def __init__(self, url: str, token: str):
        self.parts = urlparse(url)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection(self.parts.hostname, self.parts.port)

    def one(self) -> float:
        """The moment it was sent."""
        sent = time.monotonic()
        self.connection.request(
            "POST", self.parts.path, json.dumps({"shot": "SHOT-010", "function": "noop"}), self.headers)
        answer = self.connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()
        return sent


def measure(who: str, server: int, listeners: Listeners, before: float, clients: int, one, many) -> dict:
    """Paced, then as fast as it goes: `one` makes an event and says when, `many` makes so many at once."""
    ready = listeners.ready()
    assert ready == clients, f"{ready} of {clients} clients are connected; see ulimit -n"
    time.sleep(2)
    memory = resident_megabytes(server) - before
    one()
    time.sleep(2)

    listeners.forget()
    watch, load = CPUWatch({"server": server}), CPUWatch({"listeners": listeners.process.pid})
    events = max(4, round(PACED_SECONDS * PACED_RATE / clients))
    sent = []
    begin = time.monotonic()
    for index in range(events):
        time.sleep(max(0.0, begin + index * clients / PACED_RATE - time.monotonic()))
        sent.append(one())
    found = listeners.wait(events * clients, 20)
    late = [(at - sent[number]) * 1000 for number, at in found if number < len(sent)]
    paced = {
        "rate": PACED_RATE, "deliveries": len(found), "missing": events * clients - len(found), **report.summary(late),
        "cpu_us": watch.milliseconds_each(len(found))["server"] * 1000,
        "load_cpu_us": load.milliseconds_each(len(found))["listeners"] * 1000}

    listeners.forget()
    watch, load = CPUWatch({"server": server}), CPUWatch({"listeners": listeners.process.pid})
    many(FLOOD_EVENTS)
    found = listeners.wait(FLOOD_EVENTS * clients, 60)
    times = [at for _, at in found]
    flood = {
        "deliveries": len(found), "missing": FLOOD_EVENTS * clients - len(found),
        "rate": len(found) / max(1e-9, max(times) - min(times)),
        "cpu_us": watch.milliseconds_each(len(found))["server"] * 1000,
        "load_cpu_us": load.milliseconds_each(len(found))["listeners"] * 1000}
    result = {"who": who, "clients": clients, "kib": memory * 1024 / clients, "paced": paced, "flood": flood}
    print(f"  {who:8} {clients:6} clients, {result['kib']:.1f} KiB each; paced {PACED_RATE}/s: p50 {paced['p50']:.1f} ms  "
          f"p99 {paced['p99']:.1f} ms  {paced['cpu_us']:.2f} µs CPU each; flood: {flood['rate']:,.0f}/s  "
          f"{flood['cpu_us']:.2f} µs CPU each  (listeners {flood['load_cpu_us']:.2f} µs; missing {paced['missing']} + "
          f"{flood['missing']})", flush=True)
    return result


def studio(stack: Stack, clients: int) -> dict:
    server, port = stack.pid("GatewayServer"), urlparse(stack.url).port
    before = resident_megabytes(server)
    hello = json.dumps({"type": "subscribe", "project": stack.project})
    headers = [f"Sec-WebSocket-Protocol: studio.v1, bearer.{stack.token}"]
    submissions = [Submissions(stack.jobs_url, stack.token) for _ in range(4)]

    def many(events: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda mine: [mine.one() for _ in range(events // 4)], submissions))

    with Listeners(port, "/api/v1/events", clients, hello, headers) as listeners:
        result = measure("studio", server, listeners, before, clients, submissions[0].one, many)
    stack.forget_backlog()
    return result


def peer(stack: Stack, clients: int) -> dict:
    """The peer's events come over Redis, as its worker sends them."""
    with Peer(stack) as peer:
        server = peer.server.pid
        before = resident_megabytes(server)
        text = json.dumps({
            "type": "job.state", "id": "1234567.8901234", "project": "bench", "at": "2026-01-01T00:00:00.000Z",
            "job": "0190a000-0000-7000-a000-000000000001", "state": "queued", "attempt": 0})

        def one() -> float:
            sent = time.monotonic()
            peer.broker.publish("peer:events", text)
            return sent

        def many(events: int) -> None:
            for _ in range(events):
                peer.broker.publish("peer:events", text)

        with Listeners(peer.port, "/events", clients, "", []) as listeners:
            return measure("peer", server, listeners, before, clients, one, many)
