"""Things break while people work: every accepted job succeeds, once, and the books are right after it.

`Stream` submits all the time, and holds every job that was accepted to that when its block ends.
"""

import contextlib
import json
import time
import urllib.error
import uuid

import pytest
from engine import DockerError, docker, main_process
from stack import until
from work import Stream

FILM = {"prompt": "storm", "seconds": 20, "width": 640, "height": 360}
# Longer than every lease, heartbeat and patience of a worker.
CUT_SECONDS = 60


def outcomes(stack, job):
    """How its attempts ended."""
    return [attempt["outcome"] for attempt in stack.job(job)["attempts"]]


def await_second_attempt(stack, job):
    """Waits until the first attempt's lease has run out and another was begun."""
    until(f"{job} runs elsewhere", lambda: stack.job(job)["attempt"] > 1)


def test_a_worker_is_killed(stack, project):
    with Stream(stack, project) as stream:
        job = stack.submit(project, "noop", parameters={"milliseconds": 12_000})
        victim = stack.running(job)
        before = victim.restarts
        victim.kill_program("RenderWorker")
        await_second_attempt(stack, job)
        until("the engine has started it again", lambda: victim.restarts > before and victim.is_healthy)
        until("three workers serve", lambda: len(stack.serving()) == 3)
        stream.accepted[job] = "noop"
        stream.flows()
    assert outcomes(stack, job) == ["lost", "succeeded"]


def test_a_worker_is_paused_for_longer_than_its_lease(stack, project):
    with Stream(stack, project) as stream:
        job = stack.submit(project, "mock-video", parameters=FILM)
        victim = stack.running(job)
        docker("pause", victim.id)
        try:
            await_second_attempt(stack, job)
            stack.ended(job)
        finally:
            docker("unpause", victim.id)
        stream.accepted[job] = "mock-video"
        # It wakes in the middle of work that is somebody else's by now: it says so and keeps nothing.
        lines = ("its lease is lost", "nothing of it is kept")
        until("the late one is refused", lambda: any(job in line and any(part in line for part in lines) for line in victim.log().splitlines()))
        until("three workers serve", lambda: len(stack.serving()) == 3)
    assert outcomes(stack, job) == ["lost", "succeeded"]


def test_work_needs_more_memory_than_there_is(stack, project):
    large = {"prompt": "storm", "seconds": 0.1, "width": 4096, "height": 4096}
    workers = stack.containers("worker")
    with Stream(stack, project) as stream:
        for worker in workers:
            worker.limit_memory("300m")
        try:
            job = stack.submit(project, "mock-video", parameters=large, maxAttempts=1)
            for _ in range(5):
                before = [worker.restarts for worker in workers]
                failed = stack.ended(job)
                code = failed.get("failure", {}).get("code")
                # The kernel ends a second process, the worker, where the first has not let go of its memory a moment later.
                if code != "worker-lost":
                    break
                until("three workers serve", lambda: len(stack.serving()) == 3)
                stack.call("POST", f"/api/v1/jobs/{job}/retry")
            assert (failed["state"], code) == ("failed", "out-of-memory"), failed
            # The work was ended, not the worker.
            assert [worker.restarts for worker in workers] == before
        finally:
            for worker in workers:
                worker.limit_memory("4g")
        stack.call("POST", f"/api/v1/jobs/{job}/retry")
        assert stack.ended(job)["state"] == "succeeded"
        stream.accepted[job] = "mock-video"


def test_the_kernel_ends_a_worker_for_want_of_memory(stack, project):
    with Stream(stack, project) as stream:
        job = stack.submit(project, "noop", parameters={"milliseconds": 12_000})
        victim = stack.running(job)
        before = victim.restarts
        # Of all that could be ended it is the worker itself, since something else takes all there is.
        victim.execute("sh", "-c", f"echo 1000 >/proc/{main_process('RenderWorker')}/oom_score_adj")
        victim.limit_memory("300m")
        try:
            with contextlib.suppress(DockerError):
                victim.execute("tail", "/dev/zero")
            await_second_attempt(stack, job)
        finally:
            victim.limit_memory("4g")
        until("the engine has started it again", lambda: victim.restarts > before and victim.is_healthy)
        stream.accepted[job] = "noop"
        stream.flows()
    assert outcomes(stack, job) == ["lost", "succeeded"]


@pytest.mark.parametrize("how", ["restarted", "killed"])
@pytest.mark.parametrize("service, program, user", [("redis", "redis-server", "redis"), ("postgres", "postgres", "postgres")])
def test_what_everything_stands_on(stack, project, service, program, user, how):
    with Stream(stack, project) as stream:
        server = stack.container(service)
        before = server.state["StartedAt"]
        if how == "killed":
            server.kill_program(program, user=user)
        else:
            docker("restart", server.id)
        until(f"{service} is back", lambda: server.state["StartedAt"] != before and server.is_healthy)
        until("the gateway is ready", stack.is_ready)
        stream.flows()


def test_the_network_of_a_worker_is_cut(stack, project):
    with Stream(stack, project) as stream:
        job = stack.submit(project, "noop", parameters={"milliseconds": 20_000})
        victim = stack.running(job)
        networks = list(victim.description["NetworkSettings"]["Networks"])
        cut = time.monotonic()
        for network in networks:
            docker("network", "disconnect", "--force", network, victim.id)
        try:
            await_second_attempt(stack, job)
            while time.monotonic() - cut < CUT_SECONDS:
                stream.flows()
        finally:
            for network in networks:
                docker("network", "connect", "--alias", "worker", network, victim.id)
        until("three workers serve", lambda: len(stack.serving()) == 3)
        stream.accepted[job] = "noop"
        # It takes jobs again by itself.
        known = victim.log().count("job started")
        until("it works again", lambda: victim.log().count("job started") > known)
    assert outcomes(stack, job) == ["lost", "succeeded"]
    # It asks on its own beat; work may go on before the engine has asked again.
    until("the engine takes it for healthy", lambda: victim.is_healthy)


def free_megabytes(container, place):
    """The room that is left where a folder is."""
    blocks, size = container.execute("stat", "--file-system", "--format", "%a %S", place).split()
    return int(blocks) * int(size) // 1_000_000


def test_the_disk_is_full(stack, project):
    gateway = stack.container("gateway")
    room = free_megabytes(gateway, "/workspace")
    path = f"/api/v1/projects/{project}/files/01_Assets/Media/Images/{uuid.uuid4().hex}.bin"
    with Stream(stack, project) as stream:
        # Somebody's copy that takes all there is, and what others leave as well.
        gateway.execute("sh", "-c", "touch /workspace/copying; head -c 1G /dev/zero >/workspace/copy || true")
        docker("exec", "--detach", gateway.id, "sh", "-c",
               "while test -e /workspace/copying; do head -c 64M /dev/zero >>/workspace/copy; sleep 0.02; done; rm /workspace/copy")
        try:
            job = stack.submit(project, "mock-image", parameters={"prompt": "full", "width": 4096, "height": 4096}, maxAttempts=1)
            failed = stack.ended(job)
            assert (failed["state"], failed.get("failure", {}).get("code")) == ("failed", "storage-full"), failed
            with pytest.raises(urllib.error.HTTPError) as refusal:
                stack.call("PUT", path, raw=b"x" * 4_000_000)
            assert refusal.value.code == 507, refusal.value.text
            assert json.loads(refusal.value.text)["type"].endswith("storage-full")
        finally:
            gateway.execute("rm", "/workspace/copying")
            # Its name goes first and what it took after that, which is a while where much else goes on.
            until("half of the room is there again", lambda: free_megabytes(gateway, "/workspace") >= room // 2)
        stack.call("PUT", path, raw=b"x" * 4_000_000)
        stack.call("POST", f"/api/v1/jobs/{job}/retry")
        assert stack.ended(job)["state"] == "succeeded"
        stream.accepted[job] = "mock-image"
        stream.flows()
