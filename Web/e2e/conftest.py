"""What every test of the page has: the studio, a browser, someone who is signed in, and a watch over the console."""

import datetime
import itertools
import json
import os

import pytest
from playwright.sync_api import expect
from studio import EMAIL, PASSWORD, Studio

# Guards against waiting for ever, in milliseconds, on a machine that has other work as well; nothing is measured by it.
PATIENCE = 180_000
expect.set_options(timeout=PATIENCE)
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
    """Debian's Chromium without windows of its own, which cost a third of the time; as root it has no sandbox."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": "/usr/bin/chromium-headless-shell", "args": [*arguments, "--disable-dev-shm-usage"]}


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
        context.set_default_timeout(PATIENCE)
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
def context(new_context, studio, request):
    """A window; of a test of somebody who is signed in already, as a browser keeps it that was closed meanwhile."""
    if "signed_in" not in request.fixturenames:
        return new_context()
    answer = studio.call("POST", "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
    ends = datetime.datetime.fromisoformat(answer["expiresAt"]).timestamp() * 1000
    kept = json.dumps({"token": answer["accessToken"], "expiresAt": int(ends), "email": EMAIL})
    origin = {"origin": studio.url, "localStorage": [{"name": "studio.session", "value": kept}]}
    return new_context(storage_state={"cookies": [], "origins": [origin]})


@pytest.fixture
def signed_in(page):
    """A page on which the first user is signed in."""
    page.goto("/")
    page.get_by_role("heading", name="Projects").wait_for()
    return page


@pytest.fixture
def project(studio):
    """A project of the test's own; its name."""
    name = f"film-{os.getpid()}-{next(_numbers)}"
    studio.call("POST", "/api/v1/projects", {"name": name, "title": f"Film {name}"})
    return name
