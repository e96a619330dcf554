"""For everybody: axe finds nothing, at two widths and in both themes; small windows do not scroll sideways."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from canvas_page import edge, film, node, save
from conftest import sign_in
from playwright.sync_api import expect
from work import take

PLACES = {
    "projects": "#/projects", "canvas": "#/p/seen-film/canvas/main_canvas", "takes": "#/p/seen-film/takes", "take": None, "queue": "#/p/seen-film/queue", "jobs": "#/jobs", "cut": "#/p/seen-film/cut",
    "files": "#/p/seen-film/files", "empty canvas": "#/p/seen-empty/canvas/main_canvas", "empty takes": "#/p/seen-empty/takes", "empty cut": "#/p/seen-empty/cut", "nowhere": "#/nonsense", "settings": "#/p/seen-film/settings", "overview": "#/operations/overview", "people": "#/operations/people", "workers": "#/operations/workers", "queues": "#/operations/queues", "failed": "#/operations/failed", "messages": "#/operations/messages", "limits": "#/operations/limits",
}


@pytest.fixture(scope="module")
def seen(studio):
    """A project with something of everything."""
    if not any(one["name"] == "seen-film" for one in studio.call("GET", "/api/v1/projects?limit=200")["items"]):
        studio.call("POST", "/api/v1/projects", {"name": "seen-film", "title": "Seen"})
        studio.call("POST", "/api/v1/projects", {"name": "seen-empty", "title": "Empty"})
    save(studio, "seen-film", {"nodes": [
        film("film", 0, 0), node("trim", "function", 360, 0, function="trim", parameters={}), node("out", "output", 700, 0, shot="SHOT-010"), node("note", "note", 0, 300, text="Look here"), node("value", "value", 0, 460, value=[1, 2]),
    ], "edges": [edge("e1", "film", "trim", "source", "video"), edge("e2", "trim", "out", "in", "video")]})
    return take(studio, "seen-film", "SHOT-010")


def faults(page):
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} — {[target['html'][:160] for target in one['nodes'][:3]]}" for one in found]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing(new_context, seen, theme, width):
    page = new_context(color_scheme=theme).new_page()
    page.set_viewport_size({"width": width, "height": 900 if width > 400 else 740})
    page.goto("/")
    page.get_by_label("Email").wait_for()
    assert faults(page) == []
    sign_in(page)
    wrong = {}
    for name, place in PLACES.items():
        page.goto(f"/{place or '#/p/seen-film/takes/SHOT-010/' + seen['id']}")
        page.locator(".player h1" if place is None else "h1, h2, .flow").first.wait_for()
        expect(page.locator(".skeleton")).to_have_count(0)
        if width > 400 and name == "canvas":
            page.locator('[data-node-id="film"] .node-head').click()
        found = faults(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("scrolls sideways")
        if found:
            wrong[name] = found
    assert wrong == {}


def test_dialogs_and_menus_are_accessible_and_give_the_focus_back(signed_in, seen):
    page = signed_in
    button = page.get_by_role("button", name="New project").first
    button.click()
    expect(page.get_by_label("Title")).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    account = page.get_by_role("button", name="Account")
    account.click()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(account).to_be_focused()


def test_what_is_asked_before_it_is_generated_is_accessible(signed_in, seen, studio, project):
    page = signed_in
    save(studio, project, {"nodes": [film("film", 0, 0)], "edges": []})
    page.goto(f"/#/p/{project}/canvas/main_canvas")
    page.get_by_role("button", name="Generate", exact=True).click()
    plan = page.get_by_role("dialog", name="Before it is generated")
    expect(plan.get_by_role("button", name="Generate")).to_be_focused()
    assert faults(page) == []
    # What would become no take becomes one, if somebody wants it.
    plan.get_by_role("button", name="Make a take of it").click()
    expect(plan.get_by_role("listitem").filter(has_text="SHOT-010")).to_have_count(1)
    assert faults(page) == []


def test_what_happens_is_said(signed_in, seen):
    page = signed_in
    page.goto("/#/p/seen-film/canvas/main_canvas")
    page.locator('[data-node-id="note"]').focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Delete")
    expect(page.get_by_role("log")).to_have_text("1 deleted")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("log")).to_contain_text("Undone: Delete")


def test_what_hides_hides_at_once_for_whoever_wants_no_motion(signed_in, seen):
    page = signed_in
    page.goto("/#/p/seen-film/takes")
    page.locator(".tile-check input").first.wait_for()
    seen_still = page.locator(".takes-page").evaluate("""place => {
        const within = [...place.querySelectorAll("*")];
        within.forEach(one => getComputedStyle(one).visibility);
        place.style.visibility = "hidden";
        return within.filter(one => getComputedStyle(one).visibility !== "hidden").length;
    }""")
    assert seen_still == 0
