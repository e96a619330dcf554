"""A whole studio of the tests' own: PostgreSQL, Redis, a gateway with the page, a worker, and a workspace.

`python3 Web/e2e/studio.py` runs one until Ctrl-C, for trying by hand. BINARIES names the folder of the two programs.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("BINARIES") or ROOT / ".build" / "debug")
EMAIL = "admin@studio.local"
PASSWORD = "correct horse battery staple"


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def free_port():
    """A port that nobody listens on, below the ranges of outgoing connections and of the tests that run beside these."""
    for port in range(10000 + os.getpid() % 3000, 15000):
        with contextlib.closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port")


class Studio:
    """The running studio; `start` and `stop` it. `settings` are laid over its environment."""

    def __init__(self, settings=None, workers=1):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="studio-web-"))
        self.home.chmod(0o755)
        self.processes = {}
        self.workers = workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings or {}
        self.token = None

    def start(self):
        """Starts everything; returns when the gateway and its workers are ready."""
        if not (ROOT / "Web" / "dist" / "index.html").exists():
            raise RuntimeError("the page is not built: Web/build.sh")
        self._start_postgres()
        self._start_redis()
        workspace = self.home / "Workspace"
        shutil.copytree(ROOT / "Workspace" / "Library", workspace / "Library")
        self.environment = {
            **os.environ, "STUDIO_ENV": "development", "HOST": "127.0.0.1", "PORT": str(self.port),
            "DATABASE_URL": f"postgresql://studio@/studio?host={self.home}/pg", "REDIS_URL": f"unix://{self.home}/redis.sock?db=0",
            "WORKSPACE_ROOT": str(workspace), "JWT_SECRET": "the page's tests " * 3, "STUDIO_ADMIN_EMAIL": EMAIL,
            "STUDIO_ADMIN_PASSWORD": PASSWORD, "LOG_LEVEL": "info", "WORKER_SLOTS": "2", "WEB_ROOT": str(ROOT / "Web" / "dist"),
            "INGEST_SETTLE_MS": "0", "RATE_LIMIT_PER_SECOND": "0", "LEASE_SECONDS": "15", "HEARTBEAT_SECONDS": "3", **self.settings,
        }
        for command in (["migrate"], ["first-login", "--json"]):
            subprocess.run([BINARIES / "GatewayServer", *command], env=self.environment, check=True, capture_output=True)
        self.start_gateway()
        for number in range(1, self.workers + 1):
            self.start_worker(f"worker-{number}")
        return self

    def start_worker(self, name):
        """Starts a worker; returns when it serves."""
        before = self.log(name).count("worker ready") if (self.home / f"{name}.log").exists() else 0
        self._run(name, [BINARIES / "RenderWorker", "serve"], {**self.environment, "WORKER_NAME": name})
        self._await(name, lambda: self.log(name).count("worker ready") > before)

    def stop_worker(self, name):
        """Ends a worker as a deployment does."""
        self._end(name)

    def kill(self, name):
        """Ends a program as the kernel does when memory is short: at once, in the middle of whatever it does."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def folder(self, project):
        """Where a project is on disk."""
        return self.home / "Workspace" / "Projects" / project

    def history(self, project):
        """The files that the project's commits have, by their paths."""
        # Root looks into a repository of whoever runs the tests.
        listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", self.folder(project), "ls-tree", "-r", "--name-only", "HEAD"], check=True, capture_output=True, text=True)
        return listed.stdout.splitlines()

    def start_gateway(self):
        """Starts the gateway, also again after `stop_gateway`."""
        self._run("gateway", [BINARIES / "GatewayServer", "serve"], self.environment)
        self._await("gateway", self._is_ready)

    def stop_gateway(self):
        """Ends the gateway as a deployment does."""
        self._end("gateway")

    def stop(self):
        """Ends everything in order and removes what it wrote."""
        for name in list(self.processes):
            if name.startswith("worker"):
                self._end(name)
        for name in ("gateway", "redis", "postgres"):
            self._end(name)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self, name):
        """What a program has written."""
        return (self.home / f"{name}.log").read_text(errors="replace")

    def call(self, method, path, body=None, headers=None, raw=None):
        """A request of the first user; the answer's JSON. Raises `urllib.error.HTTPError`."""
        if self.token is None and path != "/api/v1/auth/login":
            self.token = self.call("POST", "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})["accessToken"]
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        if data is not None and raw is None:
            request.add_header("content-type", "application/json")
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                text = reply.read()
                self.last_headers = dict(reply.headers)
        except urllib.error.HTTPError as refusal:
            refusal.add_note(f"{method} {path}: {refusal.read().decode(errors='replace')[:1000]}")
            raise
        return json.loads(text) if text else None

    def until(self, what, check, seconds=180):
        """Asks until the answer is true; the answer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = check()
            if answer:
                return answer
            time.sleep(0.1)
        raise TimeoutError(f"{what} did not come within {seconds} s")

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _run(self, name, command, environment, user=None):
        with open(self.home / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, user=user,
                preexec_fn=_die_with_parent)

    def _await(self, name, check):
        def look():
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended: {self.log(name)[-2000:]}")
            return check()
        self.until(name, look)

    def _end(self, name):
        process = self.processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start_postgres(self):
        binaries = max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
        folder = self.home / "pg"
        folder.mkdir()
        user = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = "postgres"
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        subprocess.run(
            [binaries / "initdb", "--pgdata", folder / "data", "--username", "studio", "--auth", "trust", "--encoding", "UTF8",
             "--locale", "C", "--no-sync", "--no-instructions"],
            check=True, capture_output=True, user=user, env=environment, cwd=folder)
        options = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=100", "fsync=off", "shared_buffers=64MB"]
        self._run("postgres", [binaries / "postgres", "-D", folder / "data", *[part for option in options for part in ("-c", option)]],
                  environment, user=user)
        self._await("postgres", lambda: "ready to accept connections" in self.log("postgres"))
        subprocess.run([binaries / "createdb", "-h", folder, "-U", "studio", "studio"], check=True, capture_output=True, env=environment)

    def _start_redis(self):
        self._run("redis", ["redis-server", "--port", "0", "--unixsocket", str(self.home / "redis.sock"), "--save", "",
                            "--dir", str(self.home)], dict(os.environ))
        self._await("redis", (self.home / "redis.sock").exists)


if __name__ == "__main__":
    studio = Studio().start()
    print(f"{studio.url}\n{EMAIL}\n{PASSWORD}\n{studio.home}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        studio.stop()
        sys.exit(0)
