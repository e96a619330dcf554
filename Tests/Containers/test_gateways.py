"""Two gateways behind one published port, one of which is killed while people work and listen."""

import contextlib
import os
import re

import pytest
from stack import free_port, until
from watch import Watcher
from work import Stream


@pytest.fixture(scope="module")
def behind_tls(stack):
    """The studio with TLS before two gateways, and as it was before after that."""
    plain, settings = stack.url, dict(stack.settings)
    port = free_port()
    stack.overrides.append("tls")
    stack.settings |= {"GATEWAY_PUBLISH": "127.0.0.1:", "TLS_ADDRESS": "127.0.0.1", "TLS_PORT": str(port), "TLS_REDIRECT_PORT": str(free_port(port)),
                       "TLS_NETWORK": f"172.31.{os.getpid() % 250}", "GATEWAYS": "2"}
    try:
        stack.script("up", "3", seconds=600)
        stack.trust(stack.container("tls").execute("cat", "/certificates/authority.pem"))
        stack.url = f"https://localhost:{port}"
        until("two gateways answer", lambda: len(stack.containers("gateway")) == 2 and all(gateway.is_healthy for gateway in stack.containers("gateway")))
        until("they answer by TLS", stack.is_ready)
        until("both are asked", lambda: stack.is_ready() and len(set(re.findall(r"from (gateway-\d+),", stack.container("tls").log()))) == 2)
        yield stack
    finally:
        stack.compose("rm", "--stop", "--force", "tls", "tls-setup")
        stack.overrides.remove("tls")
        stack.settings = settings
        stack.url, stack.context = plain, None
        stack.script("up", "3", seconds=600)
        until("the studio is as it was", lambda: stack.is_ready() and len(stack.serving()) == 3)


def test_one_of_two_gateways_is_killed(behind_tls, project):
    stack = behind_tls
    with contextlib.ExitStack() as listening:
        watchers = [listening.enter_context(Watcher(stack.url, stack.token, project, stack.context)) for _ in range(4)]
        with Stream(stack, project) as stream:
            victim = stack.containers("gateway")[0]
            before = victim.restarts
            victim.kill_program("GatewayServer")
            stream.flows()
            until("the engine has started it again", lambda: victim.restarts > before and victim.is_healthy)
            stream.flows()
        for watcher in watchers:
            until("every success is told", lambda: watcher.fault or set(watcher.succeeded) >= set(stream.accepted))
            assert watcher.fault is None
            assert {job: events for job, events in watcher.succeeded.items() if len(events) != 1} == {}
        assert any(watcher.connections > 1 for watcher in watchers), "nobody listened to the one that was killed"


def test_gateways_behind_it_are_reached_from_this_machine_alone(behind_tls):
    addresses = {binding["HostIp"] for gateway in behind_tls.containers("gateway")
                 for bindings in gateway.description["NetworkSettings"]["Ports"].values() for binding in bindings or []}
    assert addresses <= {"127.0.0.1"}
