"""From nothing to a picture that is kept; and the same with something that breaks in the middle."""

import re

import pytest
from canvas_page import drag, edge, field, film, node, open_canvas, port, save
from playwright.sync_api import expect

# Long enough that something can happen in the middle of it.
LONG = {"seconds": 12, "width": 1280, "height": 720}


def state_of(page, identifier, state):
    expect(page.locator(f'[data-node-id="{identifier}"]')).to_have_class(re.compile(f"node-{state}"))


def picture_of(page, identifier):
    """Waits until a node shows a picture that was really read."""
    expect(page.locator(f'[data-node-id="{identifier}"] .node-picture img')).to_be_visible()
    page.wait_for_function("id => document.querySelector(`[data-node-id='${id}'] .node-picture img`)?.naturalWidth > 0", arg=identifier)


def watch_progress(page, identifier):
    """Writes down every progress that the node shows."""
    page.evaluate("""id => {
        window.shownProgress = [];
        const look = () => {
            const value = document.querySelector(`[data-node-id="${id}"] [role=progressbar]`)?.getAttribute('aria-valuenow');
            if (value && window.shownProgress.at(-1) !== Number(value)) window.shownProgress.push(Number(value));
            requestAnimationFrame(look);
        };
        look();
    }""", identifier)


def shown_progress(page):
    return page.evaluate("window.shownProgress")


def progress_moves(page, identifier):
    """Waits until the node has shown two numbers that are neither nothing nor all."""
    watch_progress(page, identifier)
    page.wait_for_function("() => window.shownProgress.filter((value) => value > 0 && value < 100).length >= 2")


@pytest.fixture
def running(signed_in, studio, project):
    """A canvas that is generated at this moment: a long film of a shot."""
    save(studio, project, {"nodes": [film("film", 0, 0, prompt=project, **LONG), node("out", "output", 360, 0, shot="SHOT-010", version=1)], "edges": [edge("e", "film", "out", "in", "video")]})
    open_canvas(signed_in, project)
    signed_in.locator(".flow").focus()
    signed_in.keyboard.press("Control+Enter")
    progress_moves(signed_in, "film")
    return signed_in


def made_once(studio, project):
    """One film and one take of it, and a file for it, whatever happened meanwhile."""
    assert sorted(job["function"] for job in studio.call("GET", f"/api/v1/projects/{project}/jobs")["items"]) == ["mock-video", "publish"]
    assert [path for path in studio.history(project) if path.endswith(".mp4")] == ["03_Renders/SHOT-010/SHOT-010_v01_take01.mp4"]
    assert len(studio.call("GET", f"/api/v1/projects/{project}/takes")["items"]) == 1


def test_from_signing_in_to_a_versioned_file(signed_in, studio):
    page = signed_in
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Title").fill("The first journey")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="An empty canvas")).to_be_visible()
    assert (studio.folder("the-first-journey") / "project.json").is_file()
    palette = page.get_by_role("complementary", name="Palette")
    palette.get_by_role("button", name="Mock video").click()
    field(page, "Prompt").fill("a lighthouse at dawn")
    field(page, "Length").fill("6")
    page.keyboard.press("Tab")
    page.locator(".flow").focus()
    page.keyboard.press("Escape")
    palette.get_by_role("button", name="Output").click()
    drag(page, page.locator('[data-node-id="output-1"] .node-head'), (page.locator(".flow").bounding_box()["x"] + 600, page.locator(".flow").bounding_box()["y"] + 200))
    drag(page, port(page, "mock-video-1", "out", "video"), port(page, "output-1", "in", "in"))
    expect(page.get_by_role("button", name="Mock video → SHOT-010")).to_have_count(1)
    page.get_by_role("button", name="Generate", exact=True).click()
    dialog = page.get_by_role("dialog", name="Before it is generated")
    expect(dialog.get_by_text("Costs 8 credits")).to_be_visible()
    watch_progress(page, "mock-video-1")
    dialog.get_by_role("button", name="Generate").click()
    picture_of(page, "output-1")
    seen = shown_progress(page)
    assert len(set(seen)) >= 3 and seen == sorted(seen), seen
    expect(page.get_by_text("Generated: 1 take")).to_be_visible()
    take = "03_Renders/SHOT-010/SHOT-010_v01_take01"
    assert (studio.folder("the-first-journey") / f"{take}.mp4").stat().st_size > 1000
    assert {f"{take}.mp4", f"{take}.json"} <= set(studio.history("the-first-journey"))


def test_a_reload_in_the_middle_shows_it_live_again_and_makes_nothing_twice(running, studio, project):
    page = running
    page.reload()
    state_of(page, "film", "running")
    progress_moves(page, "film")
    picture_of(page, "out")
    made_once(studio, project)


def test_a_gateway_that_is_restarted_in_the_middle_loses_nothing(running, studio, project, allowed_noise):
    allowed_noise += ["ERR_CONNECTION", "WebSocket", "503"]
    page = running
    page.evaluate("window.isSamePage = true")
    studio.stop_gateway()
    expect(page.get_by_text("The studio cannot be reached")).to_be_visible()
    studio.start_gateway()
    picture_of(page, "out")
    expect(page.get_by_text("The studio cannot be reached")).to_have_count(0)
    assert page.evaluate("window.isSamePage")
    made_once(studio, project)


def test_a_worker_that_is_killed_in_the_middle_is_replaced_by_another(running, studio, project):
    page = running
    studio.kill("worker-1")
    try:
        studio.start_worker("worker-2")
        expect(page.locator('[data-node-id="film"]')).to_contain_text("attempt 2")
        picture_of(page, "out")
        page.get_by_role("link", name="Queue").click()
        page.get_by_role("button", name="Finished").click()
        expect(page.get_by_text("Attempt 2 of 3")).to_be_visible()
        made_once(studio, project)
    finally:
        studio.start_worker("worker-1")
        studio.stop_worker("worker-2")
