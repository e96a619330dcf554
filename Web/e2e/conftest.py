"""What every test of the page has: the studio, a browser, someone who is signed in, and a watch over the console."""

import itertools
import os

import pytest
from playwright.sync_api import expect
from studio import EMAIL, PASSWORD, Studio

# Guards against waiting for ever, on a machine that has other work as well; nothing is measured by it.
expect.set_options(timeout=90_000)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def studio():
    """One studio for all tests; each makes projects of its own in it."""
    running = Studio()
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Debian's Chromium; as root it has no sandbox."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": "/usr/bin/chromium", "args": [*arguments, "--disable-dev-shm-usage"]}


@pytest.fixture(scope="session")
def browser_context_args(studio):
    """A desk's window."""
    return {"base_url": studio.url, "viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}


@pytest.fixture
def allowed_noise():
    """Parts of console messages that a test provokes itself."""
    return []


@pytest.fixture
def noise():
    """What the consoles of all pages of a test said. Also what the content security policy refuses is written there."""
    return []


@pytest.fixture
def new_context(new_context, noise):
    """Makes windows whose consoles are heard. What the gateway answers is the test's own business: browsers write every
    refusal there too."""
    def hear(message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            noise.append(message.text)

    def make(**settings):
        context = new_context(**settings)
        context.set_default_timeout(90_000)
        context.on("console", hear)
        context.on("weberror", lambda fault: noise.append(f"{fault.error}"))
        return context
    return make


@pytest.fixture(autouse=True)
def silence(noise, allowed_noise):
    """Fails a test whose pages wrote errors that it did not provoke itself."""
    yield
    assert [text for text in noise if not any(part in text for part in allowed_noise)] == []


def sign_in(page, email=EMAIL, password=PASSWORD):
    """Signs in as a person does."""
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Projects").wait_for()


@pytest.fixture
def signed_in(page):
    """A page on which the first user is signed in."""
    sign_in(page)
    return page


@pytest.fixture
def project(studio):
    """A project of the test's own; its name."""
    name = f"film-{os.getpid()}-{next(_numbers)}"
    studio.call("POST", "/api/v1/projects", {"name": name, "title": f"Film {name}"})
    return name
