"""What stays when the studio is taken down, and what it takes to lose it."""

import os

import pytest
from engine import DockerError, docker
from stack import Stack, until


def volumes(name):
    return set(docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={name}").split())


def test_down_keeps_everything_and_up_has_it_again(stack, project):
    job = stack.ended(stack.submit(project, "mock-image", parameters={"prompt": "kept", "width": 64, "height": 36}))
    take = stack.call("GET", f"/api/v1/takes/{job['takes'][0]}")
    password, kept = stack.password, volumes(stack.name)
    assert "kept" in stack.script("down")
    assert docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={stack.name}") == ""
    assert volumes(stack.name) == kept
    stack.up(3)
    assert stack.password == password
    assert stack.call("GET", f"/api/v1/takes/{take['id']}")["sha256"] == take["sha256"]
    stack.container("gateway").execute("test", "-s", f"/workspace/Projects/{project}/{take['path']}")
    until("three workers serve", lambda: len(stack.serving()) == 3)
    stack.audit()


def test_clean_asks_first(stack):
    """On a studio of its own, of which only the secrets are there."""
    other = Stack(f"studio-clean-{os.getpid()}")
    try:
        other.compose("up", "setup")
        there = volumes(other.name)
        assert len(there) >= 4
        with pytest.raises(DockerError, match="FORCE=1"):
            other.script("clean")
        assert volumes(other.name) == there
        other.script("clean", FORCE="1")
        assert volumes(other.name) == set()
    finally:
        other.remove()
