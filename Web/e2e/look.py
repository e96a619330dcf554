"""Pictures of every page and dialog, in both themes and at two widths, for looking at: `python3 Web/e2e/look.py FOLDER [NAME…]`.

Not a test: what is good to look at is judged by people. With names only those pictures are taken.
"""

import os
import pathlib
import sys

from canvas_page import edge, film, node, save
from playwright.sync_api import sync_playwright
from studio import EMAIL, PASSWORD, Studio
from work import submit, take

PROJECT = "night-train"
WIDTHS = {"wide": (1440, 900), "small": (360, 740)}


def fill(studio):
    """A production in the middle of its work; the id of a take."""
    studio.call("POST", "/api/v1/projects", {"name": PROJECT, "title": "Night train", "description": "A short film in three shots: the platform, the carriage, the arrival."})
    studio.call("POST", "/api/v1/projects", {"name": "harbour", "title": "Harbour", "description": ""})
    studio.call("POST", "/api/v1/projects", {"name": "spot-summer", "title": "Summer spot, 30 seconds"})
    size = {"width": 640, "height": 360, "seconds": 1}
    save(studio, PROJECT, {"nodes": [
        {**node("group", "group", -40, -60, label="Act one"), "width": 1020, "height": 310}, film("platform", 20, 20, prompt="A platform at night, rain", **size),
        node("trim", "function", 360, 20, function="trim", parameters={"outFrame": 12}), node("out1", "output", 700, 20, shot="SHOT-010", version=1),
        film("carriage", 20, 320, prompt="Inside the carriage", **size), node("out2", "output", 360, 320, shot="SHOT-020", version=1),
        film("arrival", 20, 620, prompt="The train arrives at dawn", **size), node("broken", "function", 360, 620, function="trim", parameters={"inFrame": 9000}), node("out3", "output", 700, 620, shot="SHOT-030", version=1),
        node("note", "note", 700, 320, text="Look: sodium light, wet stone.\nKeep the camera low."), node("value", "value", 1040, 20, value=["rain", "snow", "fog"]),
    ], "edges": [edge("e1", "platform", "trim", "source", "video"), edge("e2", "trim", "out1", "in", "video"), edge("e3", "carriage", "out2", "in", "video"), edge("e4", "arrival", "broken", "source", "video"), edge("e5", "broken", "out3", "in", "video")]})
    run = studio.call("POST", f"/api/v1/projects/{PROJECT}/canvases/main_canvas/runs", {}, {"idempotency-key": "look-at-the-page"})["id"]
    takes = [take(studio, PROJECT, shot, seed=seed, prompt=words, width=640, height=360) for seed, (shot, words) in enumerate([("SHOT-010", "rain"), ("SHOT-010", "snow"), ("SHOT-020", "carriage"), ("SHOT-030", "dawn")])]
    for one in takes[1:]:
        studio.call("PUT", f"/api/v1/takes/{one['id']}/rating", {"circled": True, "rating": 4}, {"if-match": "*"})
    studio.until("the run", lambda: studio.call("GET", f"/api/v1/runs/{run}")["state"] != "running")
    for shot in ("SHOT-040", "SHOT-050", "SHOT-060", "SHOT-070"):
        submit(studio, PROJECT, shot, "noop", milliseconds=600_000)
    return takes[0]["id"]


def places(take):
    """Each picture: where, and what is done there first."""
    home = f"#/p/{PROJECT}"

    def press(name, role="button"):
        return lambda page: page.get_by_role(role, name=name, exact=True).first.click()

    def menu(button, item):
        def act(page):
            press(button)(page)
            page.get_by_role("menuitem", name=item).first.click()
        return act

    def pick(identifier):
        return lambda page: page.locator(f'[data-node-id="{identifier}"] .node-head').click()

    def key(keys):
        def act(page):
            page.locator(".flow").focus()
            page.keyboard.press(keys)
        return act
    return {
        "projects": ("#/projects", None), "projects-new": ("#/projects", press("New project")), "nowhere": ("#/nonsense", None),
        "canvas": (f"{home}/canvas/main_canvas", key("1")), "canvas-node": (f"{home}/canvas/main_canvas", pick("platform")), "canvas-failed": (f"{home}/canvas/main_canvas", pick("broken")),
        "canvas-output": (f"{home}/canvas/main_canvas", pick("out1")), "canvas-empty": ("#/p/harbour/canvas/main_canvas", None), "canvas-plan": (f"{home}/canvas/main_canvas", press("Generate")),
        "canvas-keys": (f"{home}/canvas/main_canvas", menu("More", "Keyboard")), "canvas-history": (f"{home}/canvas/main_canvas", menu("More", "History")), "canvas-add": (f"{home}/canvas/main_canvas", key("/")),
        "canvas-menu": (f"{home}/canvas/main_canvas", lambda page: page.locator('[data-node-id="carriage"] .node-head').click(button="right")), "canvas-new": (f"{home}/canvas/main_canvas", menu("Canvas", "New canvas")),
        "takes": (f"{home}/takes", None), "take": (f"{home}/takes/SHOT-010/{take}", None), "takes-empty": ("#/p/harbour/takes", None),
        "cut": (f"{home}/cut", None), "cut-filled": (f"{home}/cut", press("Add all in order of their shots")), "cut-empty": ("#/p/harbour/cut", None),
        "queue": (f"{home}/queue", None), "queue-empty": ("#/p/harbour/queue", None), "jobs": ("#/jobs", None), "files": (f"{home}/files", None), "settings": (f"{home}/settings", None),
        "account": ("#/projects", press("Account")), "overview": ("#/operations/overview", None), "people": ("#/operations/people", None), "workers": ("#/operations/workers", None), "queues": ("#/operations/queues", None),
    }


def shoot(studio, folder, wanted):
    """Takes the pictures."""
    first = fill(studio)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=(["--no-sandbox"] if os.geteuid() == 0 else []) + ["--disable-dev-shm-usage"])
        for theme in ("dark", "light"):
            for width, (x, y) in WIDTHS.items():
                page = browser.new_context(base_url=studio.url, viewport={"width": x, "height": y}, color_scheme=theme, reduced_motion="reduce", locale="en-GB").new_page()
                page.goto("/")
                page.get_by_label("Email").wait_for()
                page.screenshot(path=folder / f"sign-in-{theme}-{width}.png")
                page.get_by_label("Email").fill(EMAIL)
                page.get_by_label("Password", exact=True).fill(PASSWORD)
                page.get_by_role("button", name="Sign in").click()
                page.get_by_role("heading", name="Projects").wait_for()
                for name, (place, act) in places(first).items():
                    if wanted and not any(name.startswith(one) for one in wanted):
                        continue
                    page.goto(f"/{place}")
                    page.reload()
                    try:
                        page.locator("h1, h2, .flow").first.wait_for(timeout=10_000)
                        page.wait_for_function("() => !document.querySelector('.skeleton')", timeout=10_000)
                        page.wait_for_load_state("networkidle", timeout=3_000)
                    except Exception:  # noqa: BLE001 – what hangs is seen in the picture
                        pass
                    if act:
                        try:
                            page.set_default_timeout(3_000)
                            act(page)
                            page.wait_for_load_state("networkidle", timeout=2_000)
                        except Exception as error:  # noqa: BLE001
                            print(f"{name}-{theme}-{width}: {str(error).splitlines()[0]}")
                    page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
                page.context.close()
        browser.close()


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    running = Studio()
    try:
        shoot(running.start(), target, sys.argv[2:])
    finally:
        running.stop()
