"""The studio in containers, driven as its users do: by scripts/compose.sh, over HTTP, and by Compose itself."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from engine import Container, DockerError, docker, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / "compose"
# What a client sees of a gateway that is away for a moment, and tries again after.
AWAY = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


def free_port(above=0):
    """A port below the range of outgoing connections that nobody listens on."""
    for port in range(max(above + 1, 21000 + os.getpid() % 4000), 29000):
        with contextlib.closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port")


def until(what, check, seconds=300):
    """Asks until the answer is true; the answer. The bound guards against waiting for ever, and measures nothing."""
    end = time.monotonic() + seconds
    while True:
        look = time.monotonic()
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds} s; the last answer was {answer!r}")
        # Who waits leaves the processors to what is waited for: a look often starts a program.
        time.sleep(min(max(0.1, 2 * (time.monotonic() - look)), 1))


class Stack:
    """One studio in containers. `settings` are variables of the compose files."""

    def __init__(self, name, settings=None):
        self.name = name
        self.port = free_port()
        self.overrides = []
        self.settings = {
            "COMPOSE_PROJECT_NAME": name, "GATEWAY_PUBLISH": f"127.0.0.1:{self.port}", "LOG_FORMAT": "json",
            "LEASE_SECONDS": "20", "HEARTBEAT_SECONDS": "1", "WORKER_SLOTS": "2", "WORKER_GRACE_SECONDS": "30",
            "WORKER_STOP_SECONDS": "40s", **(settings or {}),
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.images = set()
        # Containers of workers, by the workers' ids.
        self.known = {}
        self.email = self.password = self.token = self.context = None

    # --- Compose ---------------------------------------------------------------------------------------------------

    @property
    def environment(self):
        return {**os.environ, **self.settings, "WITH": ",".join(self.overrides)}

    def script(self, *arguments, seconds=300, **settings):
        """Runs scripts/compose.sh, which is what the Makefile does; what it printed."""
        return run(ROOT / "scripts" / "compose.sh", *arguments, environment={**self.environment, **settings}, seconds=seconds)

    def compose(self, *arguments, seconds=300):
        """Runs Compose on the same files; what it printed."""
        names = ["docker-compose.yml", *(f"docker-compose.{name}.yml" for name in self.overrides)]
        files = [part for name in names for part in ("-f", FILES / name)]
        return run("docker", "compose", "--project-name", self.name, *files, *arguments, environment=self.environment, seconds=seconds)

    def up(self, workers):
        """Starts everything by the project's own script, and keeps the first login, which it shows where it is valid."""
        shown = self.script("up", str(workers), seconds=600)
        login = re.search(r"first login:\s+(\S+)\s+(\S+)", shown)
        assert login or "came with a restore" in shown, shown
        if login:
            self.email, self.password = login.groups()
        self.token = None
        return shown

    def containers(self, service):
        """The running containers of a service."""
        return [Container(line) for line in self.compose("ps", "-q", service).split()]

    def container(self, service):
        """The only one of a service."""
        (only,) = self.containers(service)
        return only

    def scale(self, workers):
        """As `make scale N=`; returns when so many serve."""
        self.script("scale", str(workers))
        until(f"{workers} workers serve", lambda: len(self.serving()) == workers)

    # --- the gateway -----------------------------------------------------------------------------------------------

    def call(self, method, path, body=None, headers=None, raw=None, url=None):
        """A request of the first user; the answer's JSON. Raises `urllib.error.HTTPError`, or one of `AWAY`."""
        if self.token is None and path != "/api/v1/auth/login":
            answer = self.call("POST", "/api/v1/auth/login", {"email": self.email, "password": self.password}, url=url)
            self.token = answer["accessToken"]
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request((url or self.url) + path, data=data, method=method, headers=headers or {})
        if data is not None and raw is None:
            request.add_header("content-type", "application/json")
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as reply:
                text = reply.read()
        except urllib.error.HTTPError as refusal:
            refusal.text = refusal.read().decode(errors="replace")
            refusal.add_note(f"{method} {path}: {refusal.text[:1000]}")
            raise
        return json.loads(text) if text else None

    def ask(self, path):
        """What a GET answers, as soon as a gateway does."""
        def asked():
            try:
                return [self.call("GET", path)]
            except urllib.error.HTTPError as refusal:
                if refusal.code < 500 and refusal.code != 429:
                    raise
            except AWAY:
                pass
        return until(f"an answer to {path}", asked)[0]

    def all(self, path):
        """All items of a list, page by page."""
        items, cursor = [], ""
        while cursor is not None:
            page = self.ask(f"{path}{'&' if '?' in path else '?'}limit=200{f'&cursor={cursor}' if cursor else ''}")
            items += page["items"]
            cursor = page["nextCursor"]
        return items

    def is_ready(self, url=None):
        """Whether a gateway says that it and all that it needs are there."""
        try:
            with urllib.request.urlopen(f"{url or self.url}/readyz", timeout=5, context=self.context) as reply:
                return reply.status == 200
        except AWAY:
            return False

    def trust(self, authority):
        """Trusts whom this authority (PEM) has signed, and nobody else."""
        self.context = ssl.create_default_context(cadata=authority)

    def project(self, name):
        """A new project; its name."""
        self.call("POST", "/api/v1/projects", {"name": name, "title": name})
        return name

    def submit(self, project, function="mock-image", shot="SHOT-010", **more):
        """A job; its id."""
        return self.call("POST", f"/api/v1/projects/{project}/jobs", {"shot": shot, "function": function, **more})["id"]

    def job(self, identifier):
        return self.ask(f"/api/v1/jobs/{identifier}")

    def ended(self, identifier, seconds=300):
        """A job that has ended."""
        def look():
            job = self.job(identifier)
            return job if job["state"] in ("succeeded", "failed", "cancelled") else None
        return until(f"the end of {identifier}", look, seconds)

    def running(self, identifier):
        """The container that runs a job, once one does."""
        def look():
            job = self.job(identifier)
            assert job["state"] in ("waiting", "queued", "running"), job
            attempts = job["attempts"] or []
            return job["state"] == "running" and attempts and attempts[-1]["worker"]
        worker = until(f"{identifier} runs", look)
        if worker not in self.known:
            (host,) = [known["hostname"] for known in self.workers() if known["id"] == worker]
            # A container's own name is the beginning of its id. It is remembered: what is asked here has no time to lose.
            self.known[worker] = Container(docker("inspect", "--format", "{{.Id}}", host).strip())
        return self.known[worker]

    def workers(self):
        return self.ask("/api/v1/workers?limit=200")["items"]

    def serving(self):
        """The names of the workers that take jobs."""
        return [worker["name"] for worker in self.workers() if worker["state"] == "serving"]

    # --- what must hold --------------------------------------------------------------------------------------------

    def sql(self, query):
        """Rows of the database, past the programs."""
        text = self.container("postgres").execute(
            "psql", "--username=studio", "--no-psqlrc", "--tuples-only", "--no-align", "studio", "--command", query, user="postgres")
        return text.splitlines()

    def audit(self):
        """The gateway's own audit of database, queues and disk finds nothing."""
        try:
            said = self.containers("gateway")[0].execute("GatewayServer", "audit", seconds=300)
        except DockerError as findings:
            raise AssertionError(f"{findings}") from None
        assert "All is well." in said

    def remove(self):
        """Takes everything away, without a word."""
        # Networks and volumes of a file that is not named would stay.
        self.overrides = ["tls"]
        with contextlib.suppress(DockerError, subprocess.TimeoutExpired):
            self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
        for image in self.images:
            docker("image", "rm", "--force", image)

    def logs(self):
        """The last lines of everything, for whoever reads of a failure."""
        with contextlib.suppress(DockerError):
            return self.compose("logs", "--no-color", "--tail", "60")
        return ""


def make_volume(stack, megabytes, place):
    """Gives a stack a workspace of a size of its own, in a file at `place`, before it is up: so a disk can be made full
    without filling anybody's. It takes root."""
    image = place / "workspace"
    run("truncate", "--size", f"{megabytes}M", image)
    run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-E", "root_owner=10001:10001", image)
    device = run("losetup", "--find", "--show", image).strip()
    docker("volume", "create", "--driver", "local", "--opt", "type=ext4", "--opt", f"device={device}",
           "--label", f"com.docker.compose.project={stack.name}", "--label", "com.docker.compose.volume=workspace",
           f"{stack.name}_workspace")
    return device
