"""A backup of a studio at work, the loss of everything, and a restore into a new stack."""

import collections
import os

import pytest
from engine import DockerError, docker, run
from stack import ROOT, Stack, until

JOBS = 40


def backup(stack, *arguments, **settings):
    """Runs scripts/backup.sh, which is what the Makefile does; what it printed."""
    environment = {**stack.environment, "STACK": "containers", **settings}
    return run(ROOT / "scripts" / "backup.sh", *arguments, environment=environment, seconds=300)


def refused(stack, *arguments):
    """The words with which it ends where it may not do what is asked."""
    with pytest.raises(DockerError) as refusal:
        backup(stack, *arguments)
    return str(refusal.value)


@pytest.fixture
def stacks():
    """New stacks of a test's own, by a word each, and their end."""
    made = []

    def new(word):
        made.append(Stack(f"studio-{word}-{os.getpid()}"))
        return made[-1]
    yield new
    for stack in made:
        stack.remove()


def gateway(stack, *arguments):
    return stack.container("gateway").execute("GatewayServer", *arguments, seconds=300)


def test_backup_under_load_and_restore_elsewhere(stacks, tmp_path):
    kept = tmp_path / "kept"
    old = stacks("lost")
    old.up(2)
    old.project("film")
    jobs = {old.submit("film", "mock-video", f"SHOT-{number % 5 + 1:02}0",
                       parameters={"prompt": str(number), "seconds": 2, "width": 160, "height": 90}) for number in range(JOBS)}
    takes = until("some takes", lambda: (found := old.all("/api/v1/projects/film/takes")) and len(found) >= 4 and found)
    assert "The backup is whole" in backup(old, "backup", str(kept))
    assert sorted(file.name for file in kept.iterdir()) == [
        "cache.tar", "database.dump", "git.tar", "manifest", "media.tar", "projects.tar"]
    assert kept.stat().st_mode & 0o777 == 0o700
    secrets = {old.container("gateway").execute("cat", f"/run/secrets/studio/{name}").strip() for name in ("jwt-secret", "admin-password")}
    assert not any(secret.encode() in file.read_bytes() for secret in secrets for file in kept.iterdir())
    # It works on, and says so where a restore would go over it.
    until("more takes", lambda: len(old.all("/api/v1/projects/film/takes")) > len(takes))
    assert "The studio runs" in refused(old, "restore", str(kept))
    email, password, token = old.email, old.password, old.token
    old.script("clean", FORCE="1")
    assert docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={old.name}") == ""

    damaged = tmp_path / "damaged"
    run("cp", "--archive", kept, damaged)
    with open(damaged / "media.tar", "r+b") as part:
        part.seek(700)
        byte = part.read(1)
        part.seek(700)
        part.write(bytes([byte[0] ^ 1]))
    new = stacks("restored")
    assert "damaged: media.tar" in refused(new, "restore", str(damaged))
    assert docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={new.name}") == ""

    assert "Restored." in backup(new, "restore", str(kept))
    # The new stack's own first login is nobody's, and is not shown.
    assert "first login:" not in new.up(2)
    new.email, new.password, new.token = email, password, token
    with pytest.raises(Exception, match="401"):
        new.call("GET", "/api/v1/me")
    new.token = None
    assert {job["id"] for job in new.all("/api/v1/projects/film/jobs")} == jobs
    # Who has lost the old password makes the new one valid.
    gateway(new, "first-login", "--reset")
    shown = new.script("login")
    assert f"first login: {email} " in shown and password not in shown
    for job in jobs:
        assert new.ended(job, 300)["state"] == "succeeded"
    now = {take["id"]: take for take in new.all("/api/v1/projects/film/takes")}
    assert set(collections.Counter(take["job"] for take in now.values()).values()) == {1}
    assert len(now) == JOBS
    for take in takes:
        assert {name: now[take["id"]][name] for name in ("path", "sha256", "commit", "job")} == {
            name: take[name] for name in ("path", "sha256", "commit", "job")}
    assert "All is well." in gateway(new, "audit", "--deep")
    assert "film: all is well" in gateway(new, "project", "check")
    # Media and its LFS object are one file still.
    assert new.container("gateway").execute("sh", "-c", "find /workspace/Projects/film/03_Renders -name '*.mp4' -links 1") == ""


def test_a_stack_does_not_start_on_half_a_restore(stacks, tmp_path):
    kept = tmp_path / "kept"
    stack = stacks("half")
    stack.up(1)
    stack.project("film")
    # A backup without what could not be read would be none.
    secret = "/workspace/Projects/film/02_Source_Creative/secret"
    stack.container("gateway").execute("sh", "-c", f"echo word >{secret} && chmod 0 {secret}")
    said = refused(stack, "backup", str(kept))
    assert "secret" in said and "cannot be read" in said
    stack.container("gateway").execute("rm", "-f", secret)
    backup(stack, "backup", str(kept))
    # As a restore leaves it that was interrupted.
    stack.container("gateway").execute("sh", "-c", "rm -rf /workspace/Projects/film && touch /workspace/.restoring")
    # One that is paused goes on writing some time.
    (worker,) = stack.containers("worker")
    stack.compose("stop", "gateway")
    docker("pause", worker.id)
    assert "The studio runs" in refused(stack, "restore", str(kept))
    docker("unpause", worker.id)
    stack.script("down")
    with pytest.raises(DockerError, match="A restore of this studio was interrupted"):
        stack.script("up", "1", seconds=600)
    stack.script("down")
    assert "Restored." in backup(stack, "restore", str(kept))
    stack.script("up", "1", seconds=600)
    assert stack.ask("/api/v1/projects/film")["name"] == "film"
    assert "All is well." in gateway(stack, "audit")
    stack.script("down")
    assert "There are projects in this stack: film" in refused(stack, "restore", str(kept))
    assert "Restored." in backup(stack, "restore", str(kept), FORCE="1")
