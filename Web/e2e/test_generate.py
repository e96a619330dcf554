"""Generating on a canvas: cost before, live states, results, the cache, cancelling, errors where they belong."""

import re

import pytest
from canvas_page import edge, field, film, node, open_canvas, save
from playwright.sync_api import expect


@pytest.fixture
def canvas(signed_in, studio, project):
    """An open canvas of a film, a trim and an output."""
    save(studio, project, {"nodes": [
        # Words of its own: what another test made would come from the cache.
        film("film", 0, 0, prompt=project), node("trim", "function", 340, 0, function="trim", parameters={"outFrame": 3}), node("out", "output", 680, 0, shot="SHOT-010", version=1),
    ], "edges": [edge("e1", "film", "trim", "source", "video"), edge("e2", "trim", "out", "in", "video")]})
    open_canvas(signed_in, project)
    return signed_in


def state_of(page, identifier, state):
    expect(page.locator(f'[data-node-id="{identifier}"]')).to_have_class(re.compile(f"node-{state}"))


def test_the_cost_is_told_then_it_is_made_and_the_take_opened(canvas, studio, project):
    canvas.get_by_role("button", name="Generate", exact=True).click()
    dialog = canvas.get_by_role("dialog", name="Before it is generated")
    expect(dialog.get_by_text(re.compile("Costs \\d+ credits"))).to_be_visible()
    dialog.get_by_role("button", name="Generate").click()
    state_of(canvas, "out", "succeeded")
    expect(canvas.locator('[data-node-id="out"] .node-picture img')).to_be_visible()
    canvas.locator('[data-node-id="out"] .node-head').click()
    canvas.get_by_role("button", name="Open the take").click()
    expect(canvas.get_by_role("heading", name="SHOT-010 v01 take 01")).to_be_visible()
    canvas.get_by_role("button", name="Open the graph that made it").click()
    expect(canvas.get_by_role("heading", name="The graph that made SHOT-010 v01 take 01")).to_be_visible()
    expect(canvas.locator('[data-node-id="trim"]')).to_be_visible()


def test_what_is_there_comes_from_the_cache_and_a_change_makes_its_descendants_again(canvas):
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    state_of(canvas, "trim", "succeeded")
    canvas.locator('[data-node-id="trim"] .node-head').click()
    field(canvas, "Out (frame)").fill("2")
    canvas.get_by_role("button", name="Generate", exact=True).click()
    dialog = canvas.get_by_role("dialog", name="Before it is generated")
    expect(dialog.get_by_text("1 from cache")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="Mock video")).to_have_count(1)
    dialog.get_by_role("button", name="Generate").click()
    state_of(canvas, "film", "cached")
    state_of(canvas, "trim", "succeeded")


def test_a_late_answer_about_another_run_does_not_take_the_place_of_the_one_just_started(canvas, studio):
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    state_of(canvas, "out", "succeeded")
    runs = canvas.get_by_role("region", name="Runs").get_by_role("button")
    # Hidden and asked for again; its answer is kept back until another run is shown.
    runs.first.click()
    expect(runs.first).to_have_attribute("aria-pressed", "false")
    kept = []
    canvas.route(re.compile(r"/api/v1/runs/[^/?]+$"), lambda route: route.continue_() if kept else kept.append(route))
    with canvas.expect_request(re.compile(r"/api/v1/runs/")):
        runs.first.click()
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    state_of(canvas, "film", "cached")
    with canvas.expect_response(kept[0].request.url):
        kept[0].continue_()
    # What is asked later is answered later: by then the page has seen the answer.
    canvas.evaluate("() => fetch('/healthz').then((answer) => answer.text())")
    expect(runs).to_have_count(2)
    expect(runs.first).to_have_attribute("aria-pressed", "true")
    state_of(canvas, "film", "cached")


def test_what_is_wrong_is_said_at_its_node_and_nothing_is_made(canvas, studio, project):
    canvas.locator('[data-node-id="film"] .node-head').click()
    field(canvas, "Length").fill("9000")
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    expect(canvas.get_by_text("has to be put right first", exact=False)).to_be_visible()
    expect(canvas.locator('[data-node-id="film"]')).to_have_class(re.compile("node-selected"))
    expect(canvas.get_by_role("list", name="What is wrong here")).to_be_visible()
    assert studio.call("GET", f"/api/v1/projects/{project}/jobs")["items"] == []


def test_a_run_is_cancelled(canvas, studio, project):
    canvas.locator('[data-node-id="film"] .node-head').click()
    field(canvas, "Length").fill("120")
    field(canvas, "Width").fill("1280")
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    state_of(canvas, "film", "running")
    canvas.get_by_role("button", name="Cancel run").click()
    state_of(canvas, "film", "cancelled")


def test_a_selection_alone_is_generated(canvas, studio, project):
    canvas.locator('[data-node-id="film"] .node-head').click()
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Shift+Enter")
    state_of(canvas, "film", "succeeded")
    functions = [job["function"] for job in studio.call("GET", f"/api/v1/projects/{project}/jobs")["items"]]
    assert functions == ["mock-video"]


def test_the_graph_of_a_take_is_searched_and_zoomed_by_keys(canvas):
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+Enter")
    state_of(canvas, "out", "succeeded")
    canvas.locator('[data-node-id="out"] .node-head').click()
    canvas.get_by_role("button", name="Open the take").click()
    canvas.get_by_role("button", name="Open the graph that made it").click()
    canvas.locator('[data-node-id="trim"]').wait_for()
    canvas.locator(".flow").focus()
    canvas.keyboard.press("0")
    expect(canvas.locator(".zoom-value")).to_have_text("100 %")
    canvas.get_by_role("button", name="Zoom in").click()
    expect(canvas.locator(".zoom-value")).to_have_text("125 %")
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+f")
    canvas.get_by_label("Find on this canvas").fill("trim")
    expect(canvas.get_by_text("1 of 1")).to_be_visible()
