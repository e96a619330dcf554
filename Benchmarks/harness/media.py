"""A finished file to a committed take, ours beside the stock programs, in turn in one run."""

import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import time

from services import HOME


def timed(command: list[str], directory: pathlib.Path | None = None) -> dict:
    """Wall and CPU seconds of a command and what it started; its last line of JSON, if any, is kept."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return {"wall": wall, "cpu": spent, **(json.loads(lines[-1]) if lines else {})}


def repository(path: pathlib.Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    for command in (
        ["git", "init", "-q", "-b", "main"], ["git", "config", "user.email", "bench@example.org"],
        ["git", "config", "user.name", "Bench"], ["git", "lfs", "install", "--local"],
        ["git", "lfs", "track", "*.bin"], ["git", "add", ".gitattributes"], ["git", "commit", "-qm", "Start"],
    ):
        subprocess.run(command, cwd=path, check=True, capture_output=True)


def publish(measure: str, gibibytes: float, rounds: int) -> dict:
    """Publishing a take against `git add && git commit` with git-lfs, and against SHA-256 alone."""
    source = HOME / "take.bin"
    with source.open("wb") as file:
        for _ in range(int(gibibytes * 1024)):
            file.write(os.urandom(1 << 20))
    ours, stock, digest = [], [], []
    for index in range(rounds):
        digest.append(timed([measure, "hash", str(source)])["seconds"])
        repository(HOME / "publish")
        ours.append(timed([measure, "publish", "--repository", str(HOME / "publish"), str(source)])["seconds"])
        repository(HOME / "stock")
        shutil.copyfile(source, HOME / "stock" / "take.bin")
        os.sync()
        add = timed(["git", "add", "take.bin"], HOME / "stock")
        commit = timed(["git", "commit", "-qm", "Take"], HOME / "stock")
        stock.append(add["wall"] + commit["wall"])
        print(f"  round {index + 1}: SHA-256 {digest[-1]:.2f} s  ours {ours[-1]:.2f} s  git-lfs {stock[-1]:.2f} s",
              flush=True)
    source.unlink()
    for name in ("publish", "stock"):
        shutil.rmtree(HOME / name)
    return {
        "gibibytes": gibibytes, "sha256": statistics.median(digest), "ours": statistics.median(ours),
        "git_lfs": statistics.median(stock),
    }

