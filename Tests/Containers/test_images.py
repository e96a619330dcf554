"""The images, and whether scripts/check-images.py sees what must not be in one."""

import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
IMAGES = {
    "gateway": (os.environ.get("GATEWAY_IMAGE", "studio/gateway"), "Dockerfile.gateway", 170),
    "worker": (os.environ.get("WORKER_IMAGE", "studio/worker"), "Dockerfile.worker", 400),
}


def judged(image, dockerfile, megabytes):
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts/check-images.py", image, REPOSITORY / dockerfile, str(megabytes)],
        capture_output=True, text=True)


def spoilt(image, *lines):
    """An image of those lines on top of ours; its name."""
    name = f"studio-spoilt/{uuid.uuid4().hex[:12]}"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"], input="\n".join([f"FROM {image}", "USER 0:0", *lines]),
        check=True, text=True, capture_output=True)
    return name


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_in_an_image_that_must_not_be(name):
    result = judged(*IMAGES[name])
    # Where CI brings programs that were built for debugging, their libraries and their size are Swift's.
    faults = [line for line in result.stdout.splitlines()[:-1]
              if os.environ.get("BINARIES", "builder") == "builder"
              or not any(words in line for words in ("libswift", "libFoundation", "are more than"))]
    assert not faults, result.stdout + result.stderr
    assert "fault(s)" in result.stdout, result.stderr


PLANTED = {
    "is setuid": "RUN cp /bin/ls /srv/ls && chmod 4755 /srv/ls",
    "/srv/open can be written by everybody": "RUN mkdir /srv/open && chmod 0777 /srv/open",
    "/srv/all can be written by everybody": "RUN touch /srv/all && chmod 0666 /srv/all",
    "has a private key in it":
        "RUN printf -- '-----BEGIN RSA PRIVATE %s-----\\n%060d\\n' KEY 7 >/srv/key",
    "has a token in it": "RUN printf 'ghp_%036d' 7 >/srv/notes",
    "has a secret's name": "RUN touch /srv/.netrc",
    "a secret in the environment": "ENV API_TOKEN=abc",
    "belongs to building": "RUN echo >/usr/bin/gcc",
    "there is no health check": "HEALTHCHECK NONE",
    "not the stop signal": "STOPSIGNAL SIGKILL",
    "no label org.opencontainers.image.revision": 'LABEL org.opencontainers.image.revision=""',
    "the user is 'studio'": "USER studio",
    "the user is '0:0'": "USER 0:0",
    "a library is missing": "RUN rm /usr/lib/*/libpq.so.5*",
    "can be changed by the user": "RUN chown 10001 /usr/local/bin/*",
}


@pytest.fixture(scope="module")
def all_spoilt():
    image, dockerfile, _ = IMAGES["gateway"]
    # Those that exclude each other have images of their own.
    lines = [line for words, line in PLANTED.items() if not words.startswith("the user is")]
    names = [spoilt(image, *lines, PLANTED["the user is 'studio'"]), spoilt(image, PLANTED["the user is '0:0'"])]
    yield "".join(judged(name, dockerfile, 10_000).stdout for name in names)
    subprocess.run(["docker", "image", "rm", "--force", *names], check=True, capture_output=True)


@pytest.mark.parametrize("words", PLANTED)
def test_a_fault_is_seen(all_spoilt, words):
    assert words in all_spoilt


def test_a_size_beyond_the_bound_is_seen():
    image, dockerfile, _ = IMAGES["gateway"]
    result = judged(image, dockerfile, 50)
    assert result.returncode == 1
    assert "are more than 50 MB" in result.stdout


@pytest.mark.parametrize("name", IMAGES)
def test_the_list_of_parts_names_debians_swifts_and_the_pages(name, tmp_path):
    image = IMAGES[name][0]
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path in paths:
        subprocess.run([sys.executable, REPOSITORY / "scripts/sbom.py", image, path], check=True, capture_output=True)
    document = json.loads(paths[0].read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    parts = {package["name"]: package for package in document["packages"]}
    assert {"libpq5", "libgit2-1.5", "swift-nio", "swift-log"} <= parts.keys()
    assert ("node-react" in parts) == (name == "gateway")
    assert parts["libpq5"]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/libpq5@")
    assert len({package["SPDXID"] for package in document["packages"]}) == len(document["packages"])
    # The same image, the same document.
    assert paths[0].read_bytes() == paths[1].read_bytes()
