"""The peers: FastAPI under uvicorn with its Celery worker, and Celery alone, on the stack's own PostgreSQL and Redis."""

import contextlib
import pathlib
import subprocess
import sys
import time
import uuid

import jwt
import psycopg2
import redis

from services import ROOT, Program, free_port
from stack import Stack

BINARIES = pathlib.Path(sys.executable).parent


class Peer:
    """The peer's gateway and, where asked, its worker; another Redis database and other tables than the studio's."""

    def __init__(self, stack: Stack, worker: bool = False, processes: int = 1, prefetch: int = 1):
        self.port = free_port()
        self.user = uuid.uuid4()
        broker = stack.settings["REDIS_URL"].rsplit("/", 1)[0] + "/9"
        self.environment = {
            "DATABASE_URL": stack.settings["DATABASE_URL"], "PEER_SECRET": "p" * 40, "REDIS_URL": broker,
            "PYTHONPATH": str(ROOT / "Benchmarks/peer"), "PEER_PREFETCH": str(prefetch),
        }
        self.broker = redis.Redis.from_url(broker)
        self.url = f"http://127.0.0.1:{self.port}"
        self.jobs_url = f"{self.url}/projects/bench/jobs"
        self.token = jwt.encode({"sub": str(self.user)}, "p" * 40, algorithm="HS256")
        self.command = [
            str(BINARIES / "uvicorn"), "app:app", "--host", "127.0.0.1", "--port", str(self.port), "--loop", "uvloop",
            "--http", "httptools", "--workers", str(processes), "--no-access-log", "--log-level", "warning"]
        self.has_worker = worker

    def __enter__(self) -> "Peer":
        with contextlib.ExitStack() as exits:
            self.broker.flushdb()
            self.server = exits.enter_context(Program(self.command, self.environment, "peer"))
            self.start_seconds = self.server.wait_for(f"{self.url}/healthz")
            if self.has_worker:
                exits.enter_context(self.worker())
                time.sleep(5)
            with self.database() as cursor:
                cursor.execute("INSERT INTO peer_users VALUES (%s, 1000000000000)", (str(self.user),))
            self.exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.exits.close()

    @contextlib.contextmanager
    def database(self):
        with contextlib.closing(psycopg2.connect(self.environment["DATABASE_URL"])) as connection, connection:
            yield connection.cursor()

    def worker(self, processes: int = 2) -> Program:
        return Program(
            [str(BINARIES / "celery"), "-A", "tasks", "worker", "-P", "prefork", "-c", str(processes), "-l", "WARNING",
             "--without-gossip", "--without-mingle"], self.environment, "peer-worker")

    def enqueue(self, task: str, count: int) -> None:
        """Puts messages on the peer's queue, and for its database task the jobs they name into its tables."""
        subprocess.run(
            [sys.executable, ROOT / "Benchmarks/peer/enqueue.py", task, str(count), str(self.user)],
            env={**self.environment}, check=True)

    def unfinished(self) -> int:
        """Messages that wait, and those that a worker has and did not acknowledge."""
        return self.broker.llen("celery") + self.broker.hlen("unacked")
