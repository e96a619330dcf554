"""Jobs that do nothing through one worker process: claims, ends, events, and what each part of the studio spends on one."""

import time

from peers import Peer
from services import CPUWatch
from stack import Stack, post_batch


def tell(who: str, count: int, seconds: float, spent: dict[str, float]) -> dict:
    print(f"  {who:12} {count / seconds:8.0f}/s  CPU ms/job "
          + "  ".join(f"{part} {value:.3f}" for part, value in spent.items())
          + f"  in all {sum(spent.values()):.3f}", flush=True)
    return {"who": who, "jobs": count, "rate": count / seconds, "cpu_ms": spent}


def drained(left, pids: dict[str, int], bound: float = 120) -> tuple[int, float, dict[str, float]]:
    """How many jobs went from the first sign of work to the last, in how many seconds, and what that cost."""
    whole = left()
    until = time.monotonic() + bound
    while (first := left()) == whole:
        assert time.monotonic() < until, "no job was taken"
        time.sleep(0.002)
    watch, began = CPUWatch(pids), time.monotonic()
    while left() > 0:
        assert time.monotonic() < until, f"{left()} jobs are left"
        time.sleep(0.005)
    return first, time.monotonic() - began, watch.milliseconds_each(first)


def studio(stack: Stack, count: int) -> dict:
    post_batch(stack, "noop", count)
    # The message of the last may still be on its way to the runway.
    time.sleep(1.5)
    with stack.database() as cursor, stack.worker(WORKER_SLOTS="256") as worker:

        def left() -> int:
            cursor.execute("SELECT sum(active_jobs) FROM credit_accounts")
            return int(cursor.fetchone()[0])

        result = drained(
            left, {"worker": worker.pid, "gateway": stack.pid("GatewayServer"), **stack.shared_pids})
    return tell("studio", *result)


def peer(stack: Stack, task: str, name: str, count: int) -> dict:
    """The peer's worker with as many processes as there are cores, its messages fetched ahead."""
    with Peer(stack, prefetch=64) as peer:
        peer.enqueue(task, count)
        with peer.worker() as worker:
            result = drained(peer.unfinished, {"worker": worker.pid, "gateway": peer.server.pid, **stack.shared_pids})
    return tell(name, *result)


def peers(stack: Stack, count: int) -> list[dict]:
    return [peer(stack, "peer.render", "peer", count), peer(stack, "peer.nothing", "Celery alone", count)]
