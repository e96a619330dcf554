"""The first generation of Compose, which Debian 12 has: the same files, by the same scripts."""

import os

import pytest
from engine import docker
from stack import Stack, until


@pytest.fixture
def old():
    studio = Stack(f"studio-first-{os.getpid()}", {"COMPOSE": "docker-compose"})
    try:
        yield studio
    finally:
        studio.remove()


def test_it_starts_scales_and_takes_down_the_studio(old):
    old.up(1)
    until("the gateway is ready", old.is_ready)
    old.scale(2)
    job = old.ended(old.submit(old.project("film"), parameters={"prompt": "old", "width": 64, "height": 36}))
    assert job["state"] == "succeeded", job
    old.script("roll")
    until("two workers serve", lambda: len(old.serving()) == 2)
    old.audit()
    old.script("clean", FORCE="1")
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    assert [docker(*kind, "--quiet", "--filter", f"label=com.docker.compose.project={old.name}") for kind in kinds] == ["", "", ""]
