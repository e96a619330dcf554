"""Processes of a run: started here, measured here, ended here by their ids."""

import contextlib
import ctypes
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / ".studio" / "bench"
# Where the two programs are; also read by scripts/stack.sh.
BINARIES = pathlib.Path(os.environ.get("BINARIES", ROOT / ".build/release"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def descendants(pid: int) -> list[int]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += children.get(current, [])
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of the process and everything below it, ended children included."""
    total = 0
    for process in descendants(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
    return total / TICKS


class CPUWatch:
    """CPU seconds that some programs have used since a moment, by part."""

    def __init__(self, pids: dict[str, int]):
        self.pids = pids
        self.before = {part: cpu_seconds(pid) for part, pid in pids.items()}

    def milliseconds_each(self, count: int) -> dict[str, float]:
        return {
            part: (cpu_seconds(pid) - self.before[part]) * 1000 / max(1, count) for part, pid in self.pids.items()}


def resident_megabytes(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def end_with_us() -> None:
    """Makes SIGINT, SIGTERM and SIGHUP leave all blocks in order, so that everything that was started is stopped.

    A harness that is killed cannot do that: whatever it starts asks the kernel for a SIGTERM when its parent dies.
    """
    def leave(number: int, _: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        print(f"interrupted by {signal.Signals(number).name}; stopping what was started", file=sys.stderr, flush=True)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    # Ten thousand clients are ten thousand files, for the servers and for the listeners.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


LIBC = ctypes.CDLL(None, use_errno=True)
HARNESS = os.getpid()
SET_PARENT_DEATH_SIGNAL = 1


def die_with_parent() -> None:
    """Runs in a child before its program. It gets a session of its own: a terminal's Ctrl-C is for the harness to act on."""
    LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if os.getppid() != HARNESS:
        os._exit(1)


def start(command: list, **options: object) -> subprocess.Popen:
    """Starts a program that does not outlive the harness."""
    return subprocess.Popen(command, preexec_fn=die_with_parent, start_new_session=True, **options)


def stop(process: subprocess.Popen, seconds: float = 30) -> None:
    """Asks a program to end and waits; kills it, and what is left of its session, when it takes too long."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Program:
    """A program that serves HTTP or nothing, ended with SIGTERM when the block is left."""

    def __init__(self, command: list[str], environment: dict[str, str], log: str, directory: pathlib.Path = ROOT):
        self.log = (HOME / f"{log}.log").open("w")
        self.started = time.perf_counter()
        self.process = start(
            command, env={**os.environ, **environment}, cwd=directory, stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, url: str, bound: float = 60) -> float:
        """Seconds from the start of the program to its first 200."""
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - self.started
            if self.process.poll() is not None or time.perf_counter() - self.started > bound:
                raise RuntimeError(f"{self.log.name}: not serving")
            time.sleep(0.002)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)
        self.log.close()


def request(
        method: str, url: str, body: object = None, token: str | None = None, **more: str) -> tuple[int, dict]:
    headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in more.items()}}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(call, timeout=60) as answer:
        return answer.status, json.loads(answer.read() or b"null")
