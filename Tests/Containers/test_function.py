"""Functions in containers: workers have no engine's socket, and the gate before it lets through what runners ask."""

import base64
import json
import uuid

import pytest
from engine import DockerError, docker
from stack import until

IMAGE = "studio-test/painter:1"
FUNCTION = {
    "name": "painter", "version": "1.0.0", "title": "Painter", "parameters": {"type": "object", "properties": {}},
    "inputs": {}, "outputs": {"image": {"type": "image", "primary": True, "extension": "png"}},
    "resources": {"queue": "studio", "memoryMB": 64},
    "runner": {"kind": "container", "image": IMAGE, "pullPolicy": "Never", "command": ["sh", "-ec", """
        test "$(id -u)" != 0
        test ! -e /workspace
        test ! -e /run/engine
        if touch /mine; then exit 1; fi
        base64 -d /picture >/studio/outputs/image.png
    """]},
}
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAACAAAAAQCAIAAAD4YuoOAAAAHUlEQVR42mOosDlBU8QwasGoBaMWjFowasFQsAAArQH4H4S67RwAAAAASUVORK5CYII="


def ask(worker, method, path, body=None):
    """What the gate answers a worker: its status, and the rest."""
    text = json.dumps(body or {})
    request = f"{method} {path} HTTP/1.1\r\nHost: engine-gate\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}"
    answer = worker.execute("bash", "-c", "exec 3<>/dev/tcp/engine-gate/2375; cat >&3; cat <&3", stdin=request)
    return int(answer.split()[1]), answer


@pytest.fixture(scope="session")
def painter(stack):
    """The function's image, and its folder in the catalogue."""
    docker("build", "--tag", IMAGE, "-", stdin=f"FROM debian:bookworm-slim\nRUN echo {PICTURE} >/picture\n")
    folder = "/workspace/Library/Pipeline_Templates/painter"
    stack.container("gateway").execute("sh", "-ec", f"mkdir -p {folder}; cat >{folder}/new; mv {folder}/new {folder}/function.json", stdin=json.dumps(FUNCTION))
    until("the catalogue has it", lambda: "painter" in {function["name"] for function in stack.all("/api/v1/functions")})
    yield "painter"
    stack.container("gateway").execute("rm", "-r", folder)
    docker("image", "rm", "--force", IMAGE)


def test_a_function_in_a_container_makes_a_take(stack, project, painter):
    until("the gate is healthy", lambda: stack.container("engine-gate").is_healthy)
    job = stack.ended(stack.submit(project, painter, parameters={}))
    assert job["state"] == "succeeded", (job, stack.container("engine-gate").log())
    take = stack.call("GET", f"/api/v1/takes/{job['takes'][0]}")
    content = stack.container("gateway").execute("base64", "-w0", f"/workspace/Projects/{project}/{take['path']}")
    assert base64.b64decode(content) == base64.b64decode(PICTURE)
    left = until("its container is removed", lambda: docker("ps", "--all", "--quiet", "--filter", f"label=studio.job={job['id']}") == "" and "none")
    assert left == "none"
    stack.audit()


def test_workers_have_no_engine_of_their_own(stack):
    for worker in stack.containers("worker"):
        assert [mount["Destination"] for mount in worker.description["Mounts"] if "docker.sock" in mount["Source"] or "engine" in mount["Destination"]] == []
        assert "DOCKER_HOST=tcp://engine-gate:2375" in worker.description["Config"]["Env"]


@pytest.mark.parametrize("what, host", [
    ("privileged", {"Privileged": True}), ("the machine's root folder", {"Binds": ["/:/host"]}), ("the machine's processes", {"PidMode": "host"}),
])
def test_the_gate_refuses_a_way_out(stack, what, host):
    worker, gate, name = stack.containers("worker")[0], stack.container("engine-gate"), f"studio-{uuid.uuid4().hex}"
    body = {"Image": "debian:bookworm-slim", "User": "10001:10001", "Labels": {"studio.worker": "one"}, "HostConfig": host}
    status, answer = ask(worker, "POST", f"/v1.41/containers/create?name={name}", body)
    assert status == 403 and f"HostConfig.{next(iter(host))}" in answer, (what, answer)
    assert docker("ps", "--all", "--quiet", "--filter", f"name={name}") == ""
    until("the gate says so", lambda: "refused" in gate.log())


@pytest.mark.parametrize("method, path", [("POST", "/v1.41/build"), ("GET", "/v1.41/secrets"), ("POST", "/v1.41/containers/{gateway}/exec"),
                                          ("POST", "/v1.41/containers/{gateway}/stop"), ("DELETE", "/v1.41/containers/{gateway}?force=1")])
def test_the_gate_passes_on_nothing_else(stack, method, path):
    gateway = stack.container("gateway")
    status, answer = ask(stack.containers("worker")[0], method, path.format(gateway=gateway.id))
    assert status in (403, 404), answer
    assert gateway.state["Running"]


def test_nobody_but_workers_reaches_the_gate(stack):
    with pytest.raises(DockerError):
        ask(stack.container("gateway"), "GET", "/_ping")
