"""Large files in a bucket: `make up WITH=s3-local`, the bucket away while work goes on, and a copy that is lost."""

import hashlib
import os
import urllib.error
import urllib.request

import pytest
from engine import run
from stack import ROOT, Stack, free_port, until

PICTURE = {"prompt": "dawn", "width": 64, "height": 36}


@pytest.fixture
def studio():
    stack = Stack(f"studio-s3-{os.getpid()}", {"S3_IMAGE": "studio-test/s3"})
    stack.settings["S3_PORT"] = str(free_port(stack.port))
    stack.overrides = ["s3-local"]
    stack.images.add("studio-test/s3")
    try:
        stack.up(1)
        yield stack
    finally:
        stack.remove()


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Answers a redirect instead of going where it leads."""

    def redirect_request(self, *arguments):
        return None


def media(stack, take, **headers):
    """The status, where it leads and the bytes of a take's media."""
    request = urllib.request.Request(f"{stack.url}/api/v1/takes/{take}/media", headers={"authorization": f"Bearer {stack.token}", **headers})
    try:
        with urllib.request.build_opener(Unfollowed).open(request, timeout=30) as reply:
            return reply.status, None, reply.read()
    except urllib.error.HTTPError as answer:
        if answer.code != 307:
            raise
        return answer.code, answer.headers["location"], b""


def gateway(stack, *arguments):
    return stack.container("gateway").execute("GatewayServer", *arguments, seconds=120)


def test_large_files_in_a_bucket(studio, tmp_path):
    studio.project("film")
    take = studio.ask(f"/api/v1/takes/{studio.ended(studio.submit('film', parameters=PICTURE))['takes'][0]}")

    # People are sent to the bucket, under the address that they see it by; who asks for the bytes has them from here.
    status, place, _ = media(studio, take["id"])
    assert status == 307 and place.startswith(f"http://127.0.0.1:{studio.settings['S3_PORT']}/studio/productions/")
    with urllib.request.urlopen(place, timeout=30) as reply:
        assert hashlib.sha256(reply.read()).hexdigest() == take["sha256"]
    status, _, body = media(studio, take["id"], prefer="inline-media")
    assert status == 200 and hashlib.sha256(body).hexdigest() == take["sha256"]

    # What the workspace has lost comes back when a job asks for it.
    digest, path = take["sha256"], f"/workspace/Projects/film/{take['path']}"
    lost = f"{path} /workspace/Projects/film/.git/lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}"
    studio.container("gateway").execute("sh", "-c", f"rm -f {lost}")
    again = studio.ended(studio.submit("film", "transcode", parameters={"width": 32}, inputs={"source": f"take:{take['id']}"}))
    assert again["state"] == "succeeded", again
    assert digest in studio.container("gateway").execute("sha256sum", path)
    assert "ok       storage-writes" in gateway(studio, "doctor", "--timeout", "60")
    assert "All is well." in gateway(studio, "audit", "--deep")

    # A backup says what it cannot hold.
    saved = run(ROOT / "scripts" / "backup.sh", "backup", tmp_path / "kept", environment=studio.environment | {"STACK": "containers"}, seconds=300)
    assert "are in s3://studio/productions, and only there" in saved

    # A bucket that is away is said to be, and is waited for by what is finished.
    bucket = studio.container("s3")
    studio.compose("stop", "--timeout", "5", "s3")
    until("the gateway says so", lambda: not studio.is_ready())
    job = studio.submit("film", parameters=PICTURE | {"prompt": "dusk"})
    until("the worker waits", lambda: "waits for the storage" in studio.container("worker").log())
    assert studio.job(job)["state"] == "running"
    studio.compose("start", "s3")
    assert len(studio.ended(job)["takes"]) == 1
    until("all is ready", lambda: bucket.is_healthy and studio.is_ready())

    # This one forgets everything when it ends: the workspace's copies are its makers.
    assert "storage" in gateway(studio, "project", "check", "--repair")
    assert "film: all is well" in gateway(studio, "project", "check")
    status, place, _ = media(studio, take["id"])
    with urllib.request.urlopen(place, timeout=30) as reply:
        assert hashlib.sha256(reply.read()).hexdigest() == digest
    studio.audit()
