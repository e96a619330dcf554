"""A fresh studio in containers: it is up by one command, and what runs is confined."""

import json
import urllib.request

import pytest
from engine import docker, main_process
from stack import until

# What the official images of these need to give their folder to their user and to become it.
BEGINS_AS_ROOT = {"postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
                  "redis": {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"}}


def services(stack):
    """Every running container of the studio, by its service."""
    for line in docker("ps", "--quiet", "--no-trunc", "--filter", f"label=com.docker.compose.project={stack.name}").split():
        description = json.loads(docker("inspect", line))[0]
        yield description["Config"]["Labels"]["com.docker.compose.service"], description


def test_one_command_and_it_answers(stack):
    assert f"http://127.0.0.1:{stack.port}" in stack.shown
    with urllib.request.urlopen(stack.url, timeout=30) as page:
        assert b"<html" in page.read().lower()
    until("the gateway is ready", stack.is_ready)
    assert stack.call("GET", "/api/v1/me")["user"]["email"] == stack.email
    until("three workers serve", lambda: len(stack.serving()) == 3)
    assert {name for name, _ in services(stack)} >= {"gateway", "worker", "postgres", "redis"}


def test_only_the_gateway_is_published_and_on_the_loopback_address_alone(stack):
    published = {(name, port["HostIp"]) for name, description in services(stack)
                 for ports in (description["NetworkSettings"]["Ports"] or {}).values() for port in ports or []}
    assert published == {("gateway", "127.0.0.1")}


def test_what_runs_is_confined(stack):
    for name, description in services(stack):
        host, added = description["HostConfig"], BEGINS_AS_ROOT.get(name, set())
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert {capability.removeprefix("CAP_") for capability in host["CapAdd"] or []} == added, name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert not host["Privileged"], name
        assert host["Memory"] > 0, name
        assert host["LogConfig"]["Config"].get("max-size"), name
        if not added:
            assert description["Config"]["User"].split(":")[0] == "10001", name


@pytest.mark.parametrize("service", ["gateway", "worker"])
def test_the_process_has_what_the_description_says(stack, service):
    container = stack.containers(service)[0]
    status = container.execute("sh", "-c", f"cat /proc/{main_process('GatewayServer' if service == 'gateway' else 'RenderWorker')}/status")
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert values["Uid"].split() == ["10001"] * 4
    assert int(values["CapEff"], 16) == 0
    assert int(values["CapBnd"], 16) == 0
    assert values["NoNewPrivs"].strip() == "1"
    written = container.execute("sh", "-c", "touch /usr/local/bin/mine 2>&1 || true")
    assert "Read-only file system" in written


def test_secrets_stand_in_no_description_and_no_log(stack):
    gateway, worker = stack.container("gateway"), stack.containers("worker")[0]
    read = [(container, name) for container, names in ((gateway, ("database-url", "redis-url", "jwt-secret", "admin-password")), (worker, ("database-url", "redis-url")))
            for name in names]
    # Both have the same URLs.
    secrets = {container.execute("cat", f"/run/secrets/studio/{name}").strip() for container, name in read}
    # A URL's password alone would tell as much.
    secrets |= {secret.split("@")[0].rsplit(":", 1)[1] for secret in secrets if "://" in secret}
    assert len(secrets) == 4 + 2
    shown = "".join(docker("inspect", description["Id"]) for _, description in services(stack)) + stack.compose("logs", "--no-color")
    assert [secret for secret in secrets if secret in shown] == []


def test_the_workers_see_no_key_for_tokens(stack):
    listed = stack.containers("worker")[0].execute("ls", "/run/secrets/studio")
    assert sorted(listed.split()) == ["database-url", "redis-url"]


@pytest.mark.parametrize("service, program", [("gateway", "GatewayServer"), ("worker", "RenderWorker")])
def test_the_programs_tell_how_they_are(stack, service, program):
    container = stack.containers(service)[0]
    container.execute(program, "health")
    container.execute(program, "config", "check")
    until(f"{service} is healthy", lambda: container.is_healthy)


def test_a_second_start_changes_nothing(stack):
    before = {description["Id"] for _, description in services(stack)}
    password = stack.password
    stack.up(3)
    assert {description["Id"] for _, description in services(stack)} == before
    assert stack.password == password
