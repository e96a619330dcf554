"""Runs every measurement, ours and the peer's on the same PostgreSQL and Redis, and prints the ratios."""

import asyncio
import contextlib

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
import uuid

import jwt
import psycopg2

import media
import report
import submissions
from services import HOME, ROOT, Program, descendants, free_port, request, resident_megabytes

EMAIL, PASSWORD = "bench@studio.local", "a password for one benchmark"
BODY = {"shot": "SHOT-010", "function": "mock-image", "parameters": {"prompt": "bench", "width": 64, "height": 64}}


class Stack:
    """`scripts/stack.sh` in a home of its own, with default durability."""

    def __init__(self, workers: int):
        self.environment = {
            **os.environ, "STUDIO_HOME": str(HOME), "PORT": str(free_port()), "WORKERS": str(workers),
            "STUDIO_ADMIN_EMAIL": EMAIL, "STUDIO_ADMIN_PASSWORD": PASSWORD, "STARTING_CREDITS": "1000000000000",
            "RATE_LIMIT_PER_SECOND": "0", "MAX_ACTIVE_JOBS_PER_USER": "0", "LOG_LEVEL": "warning",
        }

    def __enter__(self) -> "Stack":
        subprocess.run([ROOT / "scripts/stack.sh", "start"], env=self.environment, check=True)
        running = HOME / ".studio/run"
        lines = (running / "connections.env").read_text().splitlines()
        self.settings = {
            name: shlex.split(value)[0] if value else "" for name, _, value in (line.partition("=") for line in lines)}
        self.supervisor = int((running / "stack").read_text().split()[0])
        self.url = self.settings["STUDIO_URL"]
        login = request("POST", f"{self.url}/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})[1]
        self.token = login["accessToken"]
        self.project = "bench" + uuid.uuid4().hex[:8]
        request("POST", f"{self.url}/api/v1/projects", {"name": self.project, "title": "Bench"}, self.token)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([ROOT / "scripts/stack.sh", "stop"], env=self.environment, check=True)

    def pid(self, name: str) -> int:
        """The topmost process of that name below the supervisor."""
        for process in descendants(self.supervisor):
            with contextlib.suppress(OSError):
                command = pathlib.Path(f"/proc/{process}/comm").read_text().strip()
                if command.startswith(name[:15]):
                    return process
        raise RuntimeError(f"no process {name}")

    @property
    def jobs_url(self) -> str:
        return f"{self.url}/api/v1/projects/{self.project}/jobs"


class Peer:
    """FastAPI under uvicorn and its Celery worker, on the stack's own PostgreSQL and Redis (another database each)."""

    def __init__(self, stack: Stack, worker: bool, processes: int = 1):
        self.port = free_port()
        self.user = uuid.uuid4()
        database = stack.settings["DATABASE_URL"]
        broker = stack.settings["REDIS_URL"]
        self.environment = {
            "DATABASE_URL": database, "PEER_SECRET": "p" * 40,
            "REDIS_URL": broker.rsplit("/", 1)[0] + "/9" if broker.startswith("redis://") else broker,
            "PYTHONPATH": str(ROOT / "Benchmarks/peer"),
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.jobs_url = f"{self.url}/projects/bench/jobs"
        self.token = jwt.encode({"sub": str(self.user)}, "p" * 40, algorithm="HS256")
        binaries = pathlib.Path(sys.executable).parent
        self.command = [
            str(binaries / "uvicorn"), "app:app", "--host", "127.0.0.1", "--port", str(self.port), "--loop", "uvloop",
            "--http", "httptools", "--workers", str(processes), "--no-access-log", "--log-level", "warning"]
        self.worker_command = [
            str(binaries / "celery"), "-A", "tasks", "worker", "-c", "2", "-l", "WARNING"] if worker else None

    def __enter__(self) -> "Peer":
        self.exits = contextlib.ExitStack()
        self.server = self.exits.enter_context(Program(self.command, self.environment, "peer"))
        self.start_seconds = self.server.wait_for(f"{self.url}/healthz")
        if self.worker_command:
            self.exits.enter_context(Program(self.worker_command, self.environment, "peer-worker"))
            time.sleep(5)
        with contextlib.closing(psycopg2.connect(self.environment["DATABASE_URL"])) as database, database:
            database.cursor().execute(
                "INSERT INTO peer_users VALUES (%s, 1000000000000)", (str(self.user),))
        return self

    def __exit__(self, *_: object) -> None:
        self.exits.close()


def measure_submissions(seconds: int) -> list[dict]:
    rows = []
    with Stack(workers=0) as stack:
        shared = {"postgres": stack.pid("postgres"), "redis": stack.pid("redis-server")}
        rows += submissions.measure(
            "studio", stack.jobs_url, stack.token, BODY, {"gateway": stack.pid("GatewayServer"), **shared}, seconds)
        for processes in (1, 2):
            with Peer(stack, worker=False, processes=processes) as peer:
                rows += submissions.measure(
                    f"peer x{processes}", peer.jobs_url, peer.token, BODY, {"gateway": peer.server.pid, **shared},
                    seconds)
    return rows


def measure_latency(count: int) -> dict:
    with Stack(workers=1) as stack:
        ours = asyncio.run(submissions.submit_to_running(
            stack.url.replace("http", "ws") + "/api/v1/events", ["studio.v1", f"bearer.{stack.token}"],
            json.dumps({"type": "subscribe", "project": stack.project}), stack.jobs_url, stack.token, BODY, count))
        with Peer(stack, worker=True) as peer:
            theirs = asyncio.run(submissions.submit_to_running(
                peer.url.replace("http", "ws") + "/events", None, None, peer.jobs_url, peer.token, BODY, count))
    result = {"studio": report.summary(ours), "peer": report.summary(theirs)}
    for who, values in result.items():
        print(f"  {who:8} p50 {values['p50']:6.2f} ms  p99 {values['p99']:6.2f} ms", flush=True)
    return result


def measure_start() -> dict:
    """Exec to the first answer of /healthz, and memory at rest."""
    with Stack(workers=1) as stack:
        binaries = ROOT / ".build/release"
        starts = []
        for _ in range(5):
            port = free_port()
            settings = {
                **stack.settings, "PORT": str(port), "HOST": "127.0.0.1", "JWT_SECRET": "b" * 40, "LOG_LEVEL": "warning"}
            with Program([str(binaries / "GatewayServer"), "serve"], settings, "start") as gateway:
                starts.append(gateway.wait_for(f"http://127.0.0.1:{port}/healthz") * 1000)
        time.sleep(3)
        memory = {name: resident_megabytes(stack.pid(name)) for name in ("GatewayServer", "RenderWorker")}
        with Peer(stack, worker=False) as peer:
            time.sleep(3)
            theirs = {"start_ms": peer.start_seconds * 1000, "megabytes": resident_megabytes(peer.server.pid)}
    result = {"start_ms": sorted(starts)[2], "megabytes": memory, "peer": theirs}
    print(f"  {result}", flush=True)
    return result


def main() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    # A fresh stack: the backlog of an earlier run would stand before what is measured.
    for left in (".studio", "Workspace"):
        shutil.rmtree(HOME / left, ignore_errors=True)
    measure = str(ROOT / os.environ["MEASURE"])
    chosen = os.environ.get("ONLY", "start,latency,submissions,publish,encode").split(",")
    seconds = int(os.environ.get("SECONDS_EACH", "8"))
    steps = {
        "start": measure_start,
        "submissions": lambda: measure_submissions(seconds),
        "latency": lambda: measure_latency(200),
        "publish": lambda: media.publish(measure, 1, 3),
        "encode": lambda: media.encode(measure, 3),
    }
    results: dict = {}
    for name in chosen:
        print(f"== {name}", flush=True)
        results[name] = steps[name]()
    path = report.write(results)
    print(f"raw numbers: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
