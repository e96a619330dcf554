"""Saving by itself: kept, saved, merged with others, decided where two changed one thing."""

import re
import urllib.error

import pytest
from canvas_page import field, film, open_canvas, save, save_now, stored, unsaved
from playwright.sync_api import expect


@pytest.fixture
def canvas(signed_in, studio, project):
    """An open canvas with a film."""
    save(studio, project, {"nodes": [film("film", 0, 0), film("second", 0, 260)], "edges": []})
    open_canvas(signed_in, project)
    return signed_in


def prompt_of(document, identifier="film"):
    return next(one for one in document["nodes"] if one["id"] == identifier)["data"]["parameters"]["prompt"]


def type_prompt(page, text, identifier="film"):
    page.locator(f'[data-node-id="{identifier}"] .node-head').click()
    field(page, "Prompt").fill(text)


def theirs(studio, project, change):
    """Somebody else saves, over nothing that was not seen."""
    while True:
        document = stored(studio, project)
        tag = studio.last_headers["ETag"]
        change(document)
        try:
            return studio.call("PUT", f"/api/v1/projects/{project}/canvases/main_canvas", document, {"if-match": tag})
        except urllib.error.HTTPError as refusal:
            if refusal.code != 412:
                raise


def set_prompt(document, text, identifier="film"):
    next(one for one in document["nodes"] if one["id"] == identifier)["data"]["parameters"]["prompt"] = text


def test_work_is_saved_without_being_asked_for(canvas, studio, project):
    type_prompt(canvas, "saved by itself")
    expect(canvas.locator(".save-saved")).to_be_visible()
    assert prompt_of(stored(studio, project)) == "saved by itself"


def test_what_was_kept_comes_back_after_the_page_was_lost(canvas, studio, project, context, allowed_noise):
    allowed_noise.append("ERR_FAILED")
    # The page goes without a chance to save: as after a crash.
    with unsaved(canvas):
        type_prompt(canvas, "not saved yet")
        expect(canvas.locator(".save-kept, .save-failed").first).to_be_visible()
        assert prompt_of(stored(studio, project)) == "dawn"
        other = context.new_page()
        other.goto("/")
        open_canvas(other, project)
        expect(other.get_by_text("Unsaved changes were brought back")).to_be_visible()
        save_now(other)
    assert prompt_of(stored(studio, project)) == "not saved yet"


def test_what_somebody_else_saved_appears_and_is_kept(canvas, studio, project):
    type_prompt(canvas, "mine")
    theirs(studio, project, lambda document: set_prompt(document, "theirs", "second"))
    save_now(canvas)
    document = stored(studio, project)
    assert prompt_of(document) == "mine" and prompt_of(document, "second") == "theirs"
    theirs(studio, project, lambda document: document["nodes"].append(film("third", 0, 480)))
    expect(canvas.locator('[data-node-id="third"]')).to_be_visible()


def test_two_who_change_the_same_are_asked(canvas, studio, project, allowed_noise):
    allowed_noise.append("ERR_FAILED")
    with unsaved(canvas):
        type_prompt(canvas, "mine")
        type_prompt(canvas, "also mine", "second")
        theirs(studio, project, lambda document: set_prompt(document, "theirs"))
    dialog = canvas.get_by_role("dialog", name="Two people changed the same")
    expect(dialog).to_be_visible()
    assert prompt_of(stored(studio, project)) == "theirs"
    dialog.get_by_label(re.compile("^Theirs")).check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    canvas.locator(".save-saved").wait_for()
    document = stored(studio, project)
    assert prompt_of(document) == "theirs" and prompt_of(document, "second") == "also mine"


def test_what_is_done_at_once_after_a_reload_is_saved_too(canvas, studio, project):
    held, isHeld = [], [True]
    canvas.route("**/api/v1/me", lambda route: held.append(route) if isHeld[0] else route.continue_())
    with canvas.expect_request("**/api/v1/me"):
        canvas.reload()
    # As long as nobody knows who it is, nothing is offered that would not be saved.
    expect(canvas.locator(".canvas-loading")).to_be_visible()
    isHeld[0] = False
    for route in held:
        route.continue_()
    type_prompt(canvas, "at once")
    save_now(canvas)
    assert prompt_of(stored(studio, project)) == "at once"


def test_an_earlier_version_is_brought_back(canvas, studio, project):
    type_prompt(canvas, "worse")
    save_now(canvas)
    canvas.get_by_role("button", name="More", exact=True).first.click()
    canvas.get_by_role("menuitem", name="History").click()
    canvas.get_by_role("button", name="Restore this version").first.click()
    canvas.locator(".save-saved").wait_for()
    assert prompt_of(studio.until("the old version", lambda: (lambda d: d if prompt_of(d) == "dawn" else None)(stored(studio, project)))) == "dawn"


def test_a_new_canvas_is_made_and_deleted(canvas, studio, project):
    canvas.get_by_role("button", name="Canvas", exact=True).click()
    canvas.get_by_role("menuitem", name="New canvas").click()
    canvas.get_by_label("Name").fill("second-act")
    canvas.get_by_role("dialog").get_by_role("button", name="New canvas").click()
    expect(canvas.get_by_role("heading", name="An empty canvas")).to_be_visible()
    canvas.locator(".palette-list").get_by_role("button", name="Mock image").click()
    save_now(canvas)
    assert len(stored(studio, project, "second-act")["nodes"]) == 1


def test_an_earlier_version_is_looked_at_and_left(canvas, studio, project):
    type_prompt(canvas, "worse")
    theirs(studio, project, lambda document: document["nodes"].append(film("third", 0, 480)))
    save_now(canvas)
    expect(canvas.locator('[data-node-id="third"]')).to_be_visible()
    canvas.get_by_role("button", name="More", exact=True).first.click()
    canvas.get_by_role("menuitem", name="History").click()
    canvas.get_by_role("button", name="Look at it").nth(1).click()
    expect(canvas.get_by_text("You look at the version of")).to_be_visible()
    expect(canvas.locator('[data-node-id="third"]')).to_have_count(0)
    # Nothing of it can be changed, and nothing happens to what is worked on.
    canvas.locator('[data-node-id="film"]').focus()
    canvas.keyboard.press("Delete")
    expect(canvas.locator(".palette-list").get_by_role("button", name="Mock image")).to_be_disabled()
    for name in (re.compile("^Undo"), re.compile("^Arrange"), "Generate"):
        expect(canvas.get_by_role("button", name=name, exact=True).first).to_be_disabled()
    canvas.get_by_role("button", name="Back to now").click()
    expect(canvas.locator(".palette-list").get_by_role("button", name="Mock image")).to_be_enabled()
    expect(canvas.locator('[data-node-id="third"]')).to_be_visible()
    expect(canvas.locator('[data-node-id="film"]')).to_be_visible()
    assert prompt_of(stored(studio, project)) == "worse"


def test_a_canvas_that_somebody_deleted_is_saved_anew(signed_in, studio, project):
    page = signed_in
    tag = save(studio, project, {"nodes": [film("film", 0, 0)], "edges": []}, "act")
    open_canvas(page, project, "act")
    page.locator('[data-node-id="film"]').wait_for()
    studio.call("DELETE", f"/api/v1/projects/{project}/canvases/act", headers={"if-match": tag})
    type_prompt(page, "still here")
    save_now(page)
    assert prompt_of(stored(studio, project, "act")) == "still here"


def test_a_canvas_that_is_deleted_right_after_a_change_stays_deleted(signed_in, studio, project):
    page = signed_in
    save(studio, project, {"nodes": [film("film", 0, 0)], "edges": []}, "act")
    open_canvas(page, project, "act")
    type_prompt(page, "not saved", "film")
    saves = []

    def heard(request):
        if request.url.endswith("/canvases/act") and request.method in ("PUT", "DELETE"):
            saves.append(request.method)
    page.on("request", heard)
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("menuitem", name="Delete this canvas").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete this canvas").click()
    expect(page).to_have_url(re.compile("canvas/main_canvas$"))
    page.locator(".flow").wait_for()
    page.wait_for_function("() => new Promise((resolve) => setTimeout(() => resolve(true), 300))")
    # It may have been saved before, by itself, on a slow machine.
    assert saves[-1] == "DELETE"
    assert [one["name"] for one in studio.call("GET", f"/api/v1/projects/{project}/canvases")["items"]] == ["main_canvas"]
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('studio.kept:'))") == []


def test_what_is_undone_does_not_come_back(canvas, context, studio, project):
    type_prompt(canvas, "not wanted")
    # In the page itself: it is saved a few seconds after it was kept, which this machine may take to look.
    with canvas.expect_response(lambda answer: answer.request.method == "DELETE" and answer.url.endswith("/autosave")):
        canvas.wait_for_function("""() => document.querySelector(".save-kept")
            && (document.querySelector(".flow").dispatchEvent(new KeyboardEvent("keydown", { key: "z", code: "KeyZ", ctrlKey: true, bubbles: true, cancelable: true })), true)""")
    expect(canvas.locator(".save-saved")).to_be_visible()
    canvas.reload()
    canvas.locator('[data-node-id="film"] .node-head').click()
    expect(field(canvas, "Prompt")).to_have_value("dawn")


def test_what_waits_for_the_password_is_in_the_browser(canvas, context, studio, project):
    canvas.route(re.compile(r"/canvases/main_canvas"), lambda route: route.fulfill(status=401, json={"status": 401}) if route.request.method == "PUT" else route.continue_())
    type_prompt(canvas, "half a sentence")
    expect(canvas.get_by_role("dialog", name="Sign in again")).to_be_visible()
    kept = canvas.evaluate("() => Object.entries(localStorage).filter(([key]) => key.startsWith('studio.kept:')).map(([, value]) => value).join()")
    assert "half a sentence" in kept
