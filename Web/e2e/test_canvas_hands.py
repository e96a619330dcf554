"""More of what hands do on the canvas: led ends, the map, the palette, borders, the wheel, the order of the Tab key."""

import re

import pytest
from canvas_page import box, drag, edge, expect_at, expect_moved, film, node, open_canvas, port, save, save_now, stored
from playwright.sync_api import expect


@pytest.fixture
def canvas(signed_in, studio, project):
    """An open canvas: two films and two trims, the nodes made in another order than they lie."""
    save(studio, project, {"nodes": [
        node("low", "function", 360, 300, function="trim", parameters={}), film("film", 0, 0), film("second", 0, 300), node("trim", "function", 360, 0, function="trim", parameters={}),
    ], "edges": [edge("e", "film", "trim", "source", "video")]})
    open_canvas(signed_in, project)
    return signed_in


def edges_of(studio, project):
    return [(one["id"], one["source"], one["target"]) for one in stored(studio, project)["edges"]]


def test_an_end_of_a_connection_is_led_to_another_node(canvas, studio, project):
    canvas.locator(".edge-hit").focus()
    canvas.keyboard.press("Enter")
    end = canvas.locator('[data-edge-end="target"]')
    drag(canvas, end, port(canvas, "low", "in", "source"))
    save_now(canvas)
    assert edges_of(studio, project) == [("e", "film", "low")]
    # Let go where nothing is, it stays where it was.
    canvas.locator(".edge-hit").focus()
    canvas.keyboard.press("Enter")
    place = box(canvas, "low")
    drag(canvas, canvas.locator('[data-edge-end="source"]'), (place["x"] - 60, place["y"] + 200))
    expect(canvas.locator(".edge")).to_have_count(1)


def test_a_connection_let_go_beside_a_port_takes_it_and_a_refusal_is_said_while_it_is_held(canvas):
    goal = port(canvas, "low", "in", "source").bounding_box()
    drag(canvas, port(canvas, "second", "out", "video"), (goal["x"] - 12, goal["y"] + 4))
    expect(canvas.locator(".edge")).to_have_count(2)
    canvas.keyboard.press("Control+z")
    start, other = port(canvas, "trim", "out", "video").bounding_box(), port(canvas, "trim", "in", "source").bounding_box()
    canvas.mouse.move(start["x"] + 6, start["y"] + 6)
    canvas.mouse.down()
    canvas.mouse.move(other["x"] + 6, other["y"] + 6, steps=6)
    expect(canvas.get_by_text("A node cannot be connected to itself.")).to_be_visible()
    canvas.keyboard.press("Escape")
    canvas.mouse.up()


def test_escape_gives_up_what_the_pointer_holds(canvas, studio, project):
    def hold(start, end):
        canvas.mouse.move(*start)
        canvas.mouse.down()
        canvas.mouse.move(*end, steps=6)
    goal, start = port(canvas, "low", "in", "source").bounding_box(), port(canvas, "second", "out", "video").bounding_box()
    hold((start["x"] + 6, start["y"] + 6), (goal["x"] + 6, goal["y"] + 6))
    canvas.keyboard.press("Escape")
    canvas.mouse.up()
    expect(canvas.locator(".edge")).to_have_count(1)
    before, head = box(canvas, "low"), canvas.locator('[data-node-id="low"] .node-head').bounding_box()
    place = (head["x"] + 60, head["y"] + 12)
    hold(place, (place[0] + 120, place[1] + 40))
    expect_moved(canvas, "low", before)
    canvas.keyboard.press("Escape")
    canvas.mouse.move(place[0] + 180, place[1] + 80)
    canvas.mouse.up()
    expect_at(canvas, "low", before)
    expect(canvas.get_by_role("button", name="Undo", exact=True)).to_be_disabled()


def test_a_function_is_dragged_from_the_palette_and_goes_on_from_what_is_selected(canvas):
    flow = canvas.locator(".flow").bounding_box()
    canvas.locator(".palette-list").get_by_role("button", name="Mock image").drag_to(canvas.locator(".flow"), target_position={"x": 300, "y": flow["height"] - 120})
    dropped = box(canvas, "mock-image-1")
    assert abs(dropped["x"] - flow["x"] - 200) < 30 and dropped["y"] > flow["y"] + 400
    canvas.locator('[data-node-id="second"] .node-head').click()
    canvas.locator(".palette-list").get_by_role("button", name="Output").click()
    expect(canvas.get_by_role("button", name="Mock video → SHOT-010")).to_have_count(1)
    # The next output is the next shot.
    canvas.locator('[data-node-id="mock-image-1"] .node-head').click()
    canvas.locator(".palette-list").get_by_role("button", name="Output").click()
    expect(canvas.get_by_role("group", name="SHOT-020")).to_be_visible()


def test_the_map_moves_the_view_and_the_border_does_while_something_is_held(canvas):
    before = box(canvas, "film")
    overview = canvas.get_by_role("img", name="Overview map").bounding_box()
    canvas.mouse.click(overview["x"] + overview["width"] - 20, overview["y"] + overview["height"] - 20)
    canvas.wait_for_function("([x]) => { const node = document.querySelector('[data-node-id=film]'); return !node || node.getBoundingClientRect().x < x - 40; }", arg=[before["x"]])
    canvas.locator(".flow").focus()
    canvas.keyboard.press("1")
    flow, held = canvas.locator(".flow").bounding_box(), canvas.locator('[data-node-id="low"] .node-head').bounding_box()
    still = box(canvas, "film")
    canvas.mouse.move(held["x"] + 30, held["y"] + 15)
    canvas.mouse.down()
    canvas.mouse.move(flow["x"] + flow["width"] - 6, flow["y"] + 300, steps=8)
    canvas.wait_for_function("([x]) => { const node = document.querySelector('[data-node-id=film]'); return !node || node.getBoundingClientRect().x < x - 60; }", arg=[still["x"]])
    canvas.mouse.up()
    expect(canvas.get_by_role("button", name="Undo: Move")).to_be_enabled()


def test_the_wheel_zooms_at_the_pointer_or_moves_and_a_field_keeps_it(canvas):
    flow, start = canvas.locator(".flow").bounding_box(), box(canvas, "film")
    canvas.mouse.move(start["x"] + 10, start["y"] + 10)
    canvas.mouse.wheel(0, -200)
    canvas.wait_for_function("([width]) => document.querySelector('[data-node-id=film]').getBoundingClientRect().width > width", arg=[start["width"]])
    zoomed = box(canvas, "film")
    # What was under the pointer is there still.
    assert abs(zoomed["x"] - start["x"]) < 10 and abs(zoomed["y"] - start["y"]) < 10
    canvas.get_by_role("button", name="Account").click()
    canvas.get_by_role("menuitemradio", name=re.compile("Moves")).click()
    canvas.mouse.move(flow["x"] + flow["width"] / 2, flow["y"] + 30)
    canvas.mouse.wheel(0, 100)
    expect_at(canvas, "film", zoomed, 0, -100)


def test_tab_goes_from_node_to_node_as_they_lie(canvas):
    canvas.locator(".edge-hit").focus()
    visited = []
    for _ in range(12):
        canvas.keyboard.press("Tab")
        where = canvas.evaluate("document.activeElement.closest('[data-node-id]')?.dataset.nodeId ?? ''")
        if not visited or visited[-1] != where:
            visited.append(where)
    assert visited[:4] == ["film", "trim", "second", "low"], visited
    assert visited[4] == "", visited
    canvas.locator('[data-node-id="film"]').focus()
    canvas.keyboard.press("Shift+Tab")
    expect(canvas.locator(".edge-hit")).to_be_focused()


def test_what_has_the_focus_is_brought_into_sight_and_places_stay_right(canvas):
    canvas.locator(".flow").focus()
    canvas.keyboard.press("0")
    canvas.evaluate("document.querySelector('[data-node-id=low]').scrollIntoView({ block: 'end', inline: 'end' })")
    canvas.wait_for_function("() => document.querySelector('.flow').scrollTop + document.querySelector('.flow').scrollLeft === 0")
    before = box(canvas, "low")
    drag(canvas, canvas.locator('[data-node-id="low"] .node-head'), (before["x"] + before["width"] / 2 - 100, before["y"] + 20 - 60))
    expect_at(canvas, "low", before, -100, -60)


def test_alt_lets_things_lie_off_the_grid_and_a_lock_keeps_them(canvas, studio, project):
    start = box(canvas, "film")
    canvas.keyboard.down("Alt")
    drag(canvas, (start["x"] + 60, start["y"] + 20), (start["x"] + 73, start["y"] + 27))
    canvas.keyboard.up("Alt")
    expect_at(canvas, "film", start, 13, 7)
    canvas.get_by_role("button", name="Lock positions").click()
    drag(canvas, (start["x"] + 80, start["y"] + 30), (start["x"] + 280, start["y"] + 130))
    expect_at(canvas, "film", start, 13, 7)
