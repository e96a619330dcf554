"""The studio under test: `scripts/stack.sh` in a home of its own, with default durability, and workers started apart."""

import contextlib
import os
import pathlib
import shlex
import subprocess
import time
import uuid

import psycopg2
import redis

from services import BINARIES, HOME, ROOT, Program, descendants, free_port, request, start, stop

EMAIL, PASSWORD = "bench@studio.local", "a password for one benchmark"


class Stack:
    """PostgreSQL, Redis and one gateway; the block's end stops them, and so does the kernel when the harness is killed."""

    def __init__(self):
        self.environment = {
            **os.environ, "STUDIO_HOME": str(HOME), "PORT": str(free_port()), "WORKERS": "0",
            "STUDIO_ADMIN_EMAIL": EMAIL, "STUDIO_ADMIN_PASSWORD": PASSWORD, "STARTING_CREDITS": "1000000000000",
            "RATE_LIMIT_PER_SECOND": "0", "MAX_ACTIVE_JOBS_PER_USER": "0", "LOG_LEVEL": "warning",
        }

    def __enter__(self) -> "Stack":
        running = HOME / ".studio/run"
        with contextlib.suppress(FileNotFoundError):
            (running / "ready").unlink()
        self.log = (HOME / "stack.log").open("w")
        # Not `stack.sh start`: that one is made to outlive who starts it.
        self.process = start(
            [ROOT / "scripts/stack.sh", "run"], env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        try:
            until = time.monotonic() + 120
            while not (running / "ready").exists():
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the stack does not start:\n" + (HOME / "stack.log").read_text()[-2000:])
                time.sleep(0.02)
            lines = (running / "connections.env").read_text().splitlines()
            self.settings = {
                name: shlex.split(value)[0] if value else ""
                for name, _, value in (line.partition("=") for line in lines)}
            self.url = self.settings["STUDIO_URL"]
            login = request("POST", f"{self.url}/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})[1]
            self.token = login["accessToken"]
            self.project = self.new_project()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process, 180)
        self.log.close()

    def new_project(self) -> str:
        name = "bench" + uuid.uuid4().hex[:8]
        request("POST", f"{self.url}/api/v1/projects", {"name": name, "title": "Bench"}, self.token)
        return name

    def pid(self, name: str) -> int:
        """The topmost process of that name below the supervisor."""
        for process in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                command = pathlib.Path(f"/proc/{process}/comm").read_text().strip()
                if command.startswith(name[:15]):
                    return process
        raise RuntimeError(f"no process {name}")

    @property
    def shared_pids(self) -> dict[str, int]:
        return {"postgres": self.pid("postgres"), "redis": self.pid("redis-server")}

    @property
    def jobs_url(self) -> str:
        return f"{self.url}/api/v1/projects/{self.project}/jobs"

    def worker(self, pin: list[int] | None = None, **settings: str) -> Program:
        """One worker process, not started by the stack, so that its beginning and end are the measurement's; on the cores
        of `pin` alone, with all that it starts."""
        environment = {
            **self.settings, "STUDIO_ENV": "development", "LOG_LEVEL": "warning", "WORKER_NAME": "bench", **settings}
        pinned = ["taskset", "-c", ",".join(map(str, pin))] if pin else []
        return Program([*pinned, str(BINARIES / "RenderWorker"), "serve"], environment, environment["WORKER_NAME"])

    @contextlib.contextmanager
    def database(self, user: str = "studio"):
        """A connection whose statements commit by themselves."""
        connection = psycopg2.connect(self.settings["DATABASE_URL"].replace("//studio@", f"//{user}@"))
        connection.autocommit = True
        with contextlib.closing(connection):
            yield connection.cursor()

    def forget_backlog(self) -> None:
        """Cancels what a measurement left behind, as the studio would: with its events, and its credits given back."""
        with self.database() as cursor:
            cursor.execute("""
                WITH gone AS (
                    UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state IN ('waiting', 'queued')
                    RETURNING id, user_id, round, credits
                )
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'return', credits FROM gone WHERE credits > 0 ORDER BY user_id, id""")
            cursor.execute("VACUUM ANALYZE")
        redis.Redis.from_url(self.settings["REDIS_URL"]).flushdb()

    def audit(self) -> str:
        """The studio's own audit of everything; its last line."""
        settings = {
            **os.environ, **self.settings, "STUDIO_ENV": "development", "JWT_SECRET": "b" * 40, "LOG_LEVEL": "error"}
        settings.pop("JWT_SECRET_FILE", None)
        done = subprocess.run(
            [BINARIES / "GatewayServer", "audit"], env=settings, capture_output=True, text=True)
        return (done.stdout.strip().splitlines() or [done.stderr.strip()[-500:]])[-1]


def post_batch(stack: Stack, function: str, count: int) -> None:
    """Submits jobs by the thousand."""
    job = {"shot": "SHOT-010", "function": function}
    for begin in range(0, count, 1000):
        request(
            "POST", f"{stack.jobs_url}:batch", {"jobs": [job] * min(1000, count - begin)}, stack.token)
