"""What every test has: the studio in containers, with three workers, and a project of its own."""

import itertools
import os
import pathlib
import re
import tempfile

import pytest
from engine import DockerError, run
from stack import Stack, make_volume

_numbers = itertools.count(1)
WORKERS = 3
WORKSPACE_MEGABYTES = 300


# From what everything else needs to what is done least often; what is tried without the studio comes before.
ORDER = ("test_up", "test_film", "test_function", "test_bad_days", "test_rolling", "test_gateways", "test_keeping", "test_s3", "test_backup", "test_first_generation")


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(ORDER)}
    items.sort(key=lambda item: places.get(item.module.__name__, -1))


@pytest.fixture(scope="session")
def stack():
    """One studio for all tests. Each leaves it as it found it: three workers, and everything well."""
    studio = Stack(f"studio-test-{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="studio-containers-") as place:
        device = make_volume(studio, WORKSPACE_MEGABYTES, pathlib.Path(place))
        try:
            try:
                studio.shown = studio.up(WORKERS)
            except DockerError as fault:
                fault.add_note(studio.logs())
                raise
            yield studio
        finally:
            studio.remove()
            run("losetup", "--detach", device)


@pytest.fixture
def project(stack, request):
    """A project of the test's own; its name."""
    word = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return stack.project(f"{word}-{next(_numbers)}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure stands what the containers wrote."""
    outcome = yield
    report = outcome.get_result()
    studio = getattr(item, "funcargs", {}).get("stack")
    if report.failed and studio is not None:
        report.sections.append(("containers", studio.logs()))
