"""An export in one piece on one core, and in chunks on as many workers as there are cores, each pinned to one of them."""

import contextlib
import os
import statistics
import time

from services import request
from stack import Stack


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def workers(stack: Stack, count: int):
    """Workers with one slot each, on a core each: equal hosts, as far as one machine has them."""
    with contextlib.ExitStack() as running:
        for number, core in enumerate(cores()[:count]):
            running.enter_context(stack.worker(
                pin=[core], WORKER_NAME=f"chunks-{number + 1}", WORKER_SLOTS="1", HEARTBEAT_SECONDS="1"))
        yield


def until_done(stack: Stack, job: str, bound: float = 1800) -> dict:
    until = time.monotonic() + bound
    while time.monotonic() < until:
        found = request("GET", f"{stack.url}/api/v1/jobs/{job}", None, stack.token)[1]
        if found["state"] in ("failed", "cancelled"):
            raise RuntimeError(f"job {job} is {found['state']}: {found.get('failure')}")
        if found["state"] == "succeeded":
            return found
        time.sleep(0.1)
    raise RuntimeError(f"job {job} takes longer than {bound:.0f} s")


def export(stack: Stack, take: str, name: str, split: object) -> dict:
    """Seconds from the first start of a job of the export to its end, and to the end of the last piece."""
    asked = request(
        "POST", f"{stack.url}/api/v1/projects/{stack.project}/exports",
        {"name": name, "cut": [{"take": take}], "quality": "standard", "split": split,
         "target": {"width": 1280, "height": 720}}, stack.token)[1]
    until_done(stack, asked["id"])
    with stack.database() as cursor:
        cursor.execute("""
            SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8,
                   extract(epoch FROM max(finished_at) FILTER (WHERE part_of IS NOT NULL) - min(started_at))::float8,
                   extract(epoch FROM max(finished_at - started_at) FILTER (WHERE part_of IS NULL))::float8
            FROM jobs WHERE id = %s OR part_of = %s""", (asked["id"], asked["id"]))
        whole, pieces, last = cursor.fetchone()
    return {"whole": whole, "pieces": pieces or whole, "last": last}


def studio(stack: Stack, seconds: int, rounds: int) -> dict:
    """The same film in one piece on one worker, and in two chunks a worker on every number of workers up to the cores."""
    with stack.worker(WORKER_SLOTS="1", WORKER_NAME="source"):
        made = request(
            "POST", stack.jobs_url,
            {"shot": "SHOT-010", "function": "mock-video", "quality": "high",
             "parameters": {"prompt": "a harbour", "seconds": seconds, "width": 1280, "height": 720}}, stack.token)[1]
        take = until_done(stack, made["id"])["takes"][0]
    counts = [count for count in (1, 2, 4, 8) if count <= len(cores())]
    rows: dict = {"seconds": seconds, "frames": seconds * 24, "one": [], "chunks": {str(count): [] for count in counts}}
    for number in range(rounds):
        with workers(stack, 1):
            rows["one"].append(export(stack, take, f"one-{number}", "never"))
        print(f"  round {number + 1}: one piece on one worker {rows['one'][-1]['whole']:.1f} s", flush=True)
        for count in counts:
            with workers(stack, count):
                done = export(stack, take, f"chunks-{count}-{number}", {"chunks": max(2, 2 * count)})
            rows["chunks"][str(count)].append(done)
            print(
                f"  round {number + 1}: {max(2, 2 * count)} chunks on {count} worker(s) {done['whole']:.1f} s, "
                f"of which joining {done['last']:.1f} s", flush=True)
    one = statistics.median(row["whole"] for row in rows["one"])
    rows["speedup"] = {
        count: {
            "encode": one / statistics.median(row["pieces"] for row in made),
            "whole": one / statistics.median(row["whole"] for row in made),
        } for count, made in rows["chunks"].items()}
    return rows
