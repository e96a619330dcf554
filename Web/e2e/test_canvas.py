"""The canvas: adding, connecting, moving, undoing, copying, by mouse, keys and touch."""

import re

import pytest
from canvas_page import box, drag, edge, expect_at, field, film, node, open_canvas, port, save, save_now, stored
from playwright.sync_api import expect


@pytest.fixture
def canvas(signed_in, studio, project):
    """An open canvas of a film, a trim and a model file that fits nowhere."""
    save(studio, project, {"nodes": [
        film("film", 0, 0), node("trim", "function", 360, 0, function="trim", parameters={}), node("model", "asset", 0, 260, path="01_Assets/Models/a.safetensors"),
    ], "edges": []})
    open_canvas(signed_in, project)
    return signed_in


def test_a_function_is_found_added_connected_and_saved(canvas, studio, project):
    canvas.get_by_label("Search functions").fill("burn")
    canvas.get_by_label("Search functions").press("Enter")
    overlay = canvas.locator('[data-node-id="overlay-1"]')
    expect(overlay).to_be_visible()
    drag(canvas, port(canvas, "film", "out", "video"), port(canvas, "trim", "in", "source"))
    expect(canvas.locator(".edge")).to_have_count(1)
    save_now(canvas)
    document = stored(studio, project)
    assert [(one["source"], one["target"], one["targetHandle"]) for one in document["edges"]] == [("film", "trim", "source")]
    assert any(one["id"] == "overlay-1" and one["data"]["function"] == "overlay" for one in document["nodes"])


def test_what_does_not_fit_is_refused_with_the_reason(canvas):
    drag(canvas, port(canvas, "model", "out", ""), port(canvas, "trim", "in", "source"))
    expect(canvas.get_by_text("This input takes video, and that makes model.")).to_be_visible()
    expect(canvas.locator(".edge")).to_have_count(0)


def test_two_clicks_connect_too(canvas):
    port(canvas, "film", "out", "video").click()
    port(canvas, "trim", "in", "source").click()
    expect(canvas.locator(".edge")).to_have_count(1)


def test_a_connection_let_go_on_nothing_offers_what_fits_and_connects_it(canvas):
    place = box(canvas, "film")
    drag(canvas, port(canvas, "film", "out", "video"), (place["x"] + 60, place["y"] + 460))
    popup = canvas.get_by_role("dialog", name="Add a node")
    expect(popup.get_by_role("option", name=re.compile("Mock image"))).to_have_count(0)
    popup.get_by_role("combobox").fill("loudness")
    popup.get_by_role("combobox").press("Enter")
    expect(canvas.locator('[data-node-id="normalize-audio-1"]')).to_be_visible()
    expect(canvas.locator(".edge")).to_have_count(1)


def test_a_connection_let_go_on_a_node_takes_its_first_free_input(canvas):
    drag(canvas, port(canvas, "film", "out", "video"), canvas.locator('[data-node-id="trim"] .node-head'))
    expect(canvas.locator(".edge")).to_have_count(1)


def test_a_drag_is_one_step_and_typing_is_one_step(canvas):
    before = box(canvas, "film")
    drag(canvas, canvas.locator('[data-node-id="film"] .node-head'), (before["x"] + 220, before["y"] + 150))
    # Held at its middle, and snapped to the grid.
    canvas.wait_for_function("([x]) => document.querySelector('[data-node-id=film]').getBoundingClientRect().x !== x", arg=[before["x"]])
    after = box(canvas, "film")
    assert (after["x"] - before["x"]) % 20 == 0
    prompt = field(canvas, "Prompt")
    prompt.click()
    prompt.press_sequentially(" over the sea")
    expect(prompt).to_have_value("dawn over the sea")
    canvas.locator('[data-node-id="film"]').focus()
    canvas.keyboard.press("Control+z")
    expect(prompt).to_have_value("dawn")
    expect_at(canvas, "film", after)
    canvas.keyboard.press("Control+z")
    expect_at(canvas, "film", before)
    canvas.keyboard.press("Control+Shift+z")
    expect_at(canvas, "film", after)


def test_nodes_are_copied_within_a_project_and_into_another(canvas, studio, project):
    canvas.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+a")
    canvas.keyboard.press("Control+c")
    canvas.keyboard.press("Control+v")
    expect(canvas.locator(".node")).to_have_count(6)
    studio.call("POST", "/api/v1/projects", {"name": f"{project}-other", "title": "Other"})
    open_canvas(canvas, f"{project}-other")
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+v")
    expect(canvas.locator(".node")).to_have_count(3)


def test_delete_takes_the_connections_along_and_undo_brings_all_back(canvas):
    drag(canvas, port(canvas, "film", "out", "video"), port(canvas, "trim", "in", "source"))
    canvas.locator('[data-node-id="film"] .node-head').click()
    canvas.keyboard.press("Delete")
    expect(canvas.locator(".node")).to_have_count(2)
    expect(canvas.locator(".edge")).to_have_count(0)
    canvas.keyboard.press("Control+z")
    expect(canvas.locator(".node")).to_have_count(3)
    expect(canvas.locator(".edge")).to_have_count(1)


def test_everything_can_be_done_by_keys_alone(canvas):
    canvas.locator(".flow").focus()
    canvas.keyboard.press("/")
    canvas.keyboard.type("concat")
    canvas.keyboard.press("Enter")
    expect(canvas.locator('[data-node-id="concat-1"]')).to_be_visible()
    canvas.locator('[data-port="out"][data-node="film"]').focus()
    canvas.keyboard.press("Enter")
    canvas.locator('[data-port="in"][data-node="trim"]').focus()
    canvas.keyboard.press("Enter")
    expect(canvas.locator(".edge")).to_have_count(1)
    canvas.locator('[data-node-id="trim"]').focus()
    canvas.keyboard.press("Enter")
    before = box(canvas, "trim")
    canvas.keyboard.press("ArrowDown")
    canvas.keyboard.press("Shift+ArrowRight")
    expect_at(canvas, "trim", before, 100, 20)
    canvas.keyboard.press("Control+z")
    expect_at(canvas, "trim", before)
    canvas.keyboard.press("Escape")
    expect(canvas.locator(".node-selected")).to_have_count(0)


def test_nodes_are_grouped_framed_found_and_arranged(canvas):
    place = canvas.locator(".flow").bounding_box()
    canvas.keyboard.down("Shift")
    drag(canvas, (place["x"] + 20, place["y"] + 20), (place["x"] + 640, place["y"] + 230))
    canvas.keyboard.up("Shift")
    expect(canvas.locator(".node-selected")).to_have_count(2)
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Control+g")
    expect(canvas.locator(".node-group")).to_have_count(1)
    before = box(canvas, "film")
    drag(canvas, canvas.locator(".group-head"), (box(canvas, "group-1")["x"] + 160, box(canvas, "group-1")["y"] + 80))
    canvas.wait_for_function("([x]) => document.querySelector('[data-node-id=film]').getBoundingClientRect().x !== x", arg=[before["x"]])
    canvas.keyboard.press("Control+f")
    canvas.get_by_label("Find on this canvas").fill("safetensors")
    expect(canvas.get_by_text("1 of 1")).to_be_visible()
    expect(canvas.locator('[data-node-id="model"]')).to_have_class(re.compile("node-found"))
    canvas.keyboard.press("Escape")
    canvas.get_by_role("button", name="Arrange").click()
    expect(canvas.get_by_role("button", name="Undo: Arrange")).to_be_enabled()


def test_a_node_let_go_on_a_connection_goes_between(canvas):
    drag(canvas, port(canvas, "film", "out", "video"), port(canvas, "trim", "in", "source"))
    canvas.get_by_label("Search functions").fill("normalize")
    canvas.get_by_label("Search functions").press("Enter")
    added = box(canvas, "normalize-audio-1")
    a, b = port(canvas, "film", "out", "video").bounding_box(), port(canvas, "trim", "in", "source").bounding_box()
    # Its middle over the middle of the connection, held by its head.
    target = ((a["x"] + b["x"]) / 2 + 20 - added["width"] / 2 + 60, (a["y"] + b["y"]) / 2 + 12 - added["height"] / 2 + 20)
    drag(canvas, (added["x"] + 60, added["y"] + 20), target, steps=12)
    expect(canvas.locator(".edge")).to_have_count(2)


def test_an_end_of_a_connection_is_led_elsewhere_or_a_menu_removes_it(canvas):
    drag(canvas, port(canvas, "film", "out", "video"), port(canvas, "trim", "in", "source"))
    canvas.locator(".edge-hit").focus()
    canvas.keyboard.press("Delete")
    expect(canvas.locator(".edge")).to_have_count(0)
    canvas.keyboard.press("Control+z")
    canvas.locator('[data-node-id="trim"]').click(button="right", position={"x": 100, "y": 18})
    menu = canvas.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Duplicate")).to_be_visible()
    menu.get_by_role("menuitem", name=re.compile("Collapse")).click()
    canvas.wait_for_function("() => document.querySelector('[data-node-id=trim]').getBoundingClientRect().height < 50")


def test_parameters_have_their_units_bounds_and_dice(canvas, studio, project):
    canvas.locator('[data-node-id="film"] .node-head').click()
    length = field(canvas, "Length")
    length.fill("9000")
    expect(canvas.get_by_text("At most 600.")).to_be_visible()
    length.fill("3.5")
    expect(canvas.get_by_text("At most 600.")).to_have_count(0)
    canvas.get_by_role("button", name="Another seed").click()
    expect(canvas.get_by_role("textbox", name="Seed")).not_to_have_value("")
    canvas.get_by_role("button", name="Take from a connection: Prompt").click()
    expect(canvas.locator('[data-port="in"][data-handle="parameter:prompt"]')).to_be_visible()
    save_now(canvas)
    parameters = next(one for one in stored(studio, project)["nodes"] if one["id"] == "film")["data"]["parameters"]
    assert parameters["seconds"] == 3.5 and isinstance(parameters["seed"], int)


def test_a_file_dropped_onto_the_canvas_is_uploaded_and_becomes_a_node(canvas, studio, project):
    transfer = canvas.evaluate_handle("""() => { const data = new DataTransfer(); data.items.add(new File(['a note'], 'scene: one?.txt', {type: 'text/plain'})); return data; }""")
    canvas.locator(".flow").dispatch_event("drop", {"dataTransfer": transfer, "clientX": 700, "clientY": 500})
    expect(canvas.get_by_role("group", name="scene- one-.txt")).to_be_visible()
    names = [entry["name"] for entry in studio.call("GET", f"/api/v1/projects/{project}/folder?path=02_Source_Creative/Scripts")["items"]]
    assert "scene- one-.txt" in names


def test_two_thousand_nodes_mount_only_what_is_near(signed_in, studio, project):
    nodes = [film(f"n{index}", (index % 50) * 300, (index // 50) * 200) for index in range(2000)]
    edges = [edge(f"e{index}", f"n{index}", f"n{index + 1}", "source", "video") for index in range(0, 1998, 2)]
    for index in range(1, 2000, 2):
        nodes[index]["data"] = {"function": "trim", "parameters": {}}
    save(studio, project, {"nodes": nodes, "edges": edges})
    open_canvas(signed_in, project)
    mounted = signed_in.locator(".node")
    expect(mounted.first).to_be_visible()
    assert 4 <= mounted.count() <= 60
    place = signed_in.locator(".flow").bounding_box()
    drag(signed_in, (place["x"] + 560, place["y"] + 420), (place["x"] + 40, place["y"] + 60), steps=20)
    assert 4 <= mounted.count() <= 80
    signed_in.locator(".flow").focus()
    signed_in.keyboard.press("1")
    expect(signed_in.locator(".flow-overview")).to_be_visible()
    expect(mounted).to_have_count(0)
    # A frame picks nodes also where they are only drawn.
    signed_in.keyboard.down("Shift")
    drag(signed_in, (place["x"] + 200, place["y"] + 100), (place["x"] + 460, place["y"] + 400))
    signed_in.keyboard.up("Shift")
    expect(signed_in.locator(".inspector-title")).to_contain_text("nodes")


def test_touch_drags_pinches_and_never_moves_a_node_with_a_second_finger(new_context, studio, project):
    from conftest import sign_in
    save(studio, project, {"nodes": [film("film", 0, 0)], "edges": []})
    page = new_context(has_touch=True).new_page()
    sign_in(page)
    open_canvas(page, project)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]})

    start = box(page, "film")
    x, y = start["x"] + 100, start["y"] + 20
    send("touchStart", (x, y))
    send("touchMove", (x + 30, y + 30))
    send("touchMove", (x + 80, y + 60))
    send("touchStart", (x + 80, y + 60), (x + 200, y + 200))
    send("touchMove", (x + 40, y + 20), (x + 280, y + 280))
    send("touchEnd")
    save_state = page.locator(".save-state")
    expect(save_state).to_have_class(re.compile("save-saved"))
    assert box(page, "film")["width"] > start["width"]
    page.locator(".flow").focus()
    page.keyboard.press("0")
    page.wait_for_function("([width]) => Math.abs(document.querySelector('[data-node-id=film]').getBoundingClientRect().width - width) < 0.5", arg=[start["width"]])
    scaled = box(page, "film")
    x, y = scaled["x"] + 100, scaled["y"] + 20
    send("touchStart", (x, y))
    send("touchMove", (x + 30, y + 30))
    send("touchMove", (x + 80, y + 60))
    send("touchEnd")
    expect(save_state).not_to_have_class(re.compile("save-saved"))


def test_what_is_typed_stays_as_it_is_typed(canvas):
    canvas.locator('[data-node-id="film"] .node-head').click()
    length = field(canvas, "Length")
    length.fill("1.5")
    length.press("Backspace")
    expect(length).to_have_value("1.")
    length.press("7")
    expect(length).to_have_value("1.7")


def test_the_size_of_a_group_is_typed(signed_in, studio, project):
    page = signed_in
    save(studio, project, {"nodes": [{"id": "g", "type": "group", "position": {"x": 0, "y": 0}, "width": 400, "height": 300, "data": {"label": "Scene"}}], "edges": []})
    open_canvas(page, project)
    page.locator('[data-node-id="g"]').click(position={"x": 20, "y": 12})
    width = page.get_by_label("Width")
    width.press("Control+a")
    width.press_sequentially("520")
    width.press("Tab")
    save_now(page)
    group = stored(studio, project)["nodes"][0]
    assert (group["width"], group["height"]) == (520, 300)


def test_a_key_that_is_held_generates_once(canvas):
    runs = []
    canvas.on("request", lambda request: runs.append(request.url) if request.method == "POST" and request.url.endswith("/runs") else None)
    canvas.locator(".flow").focus()
    for _ in range(4):
        canvas.keyboard.down("Control")
        canvas.keyboard.down("Enter")
    canvas.keyboard.up("Enter")
    canvas.keyboard.up("Control")
    expect(canvas.locator(".toast").first).to_be_visible()
    assert len(runs) <= 1


def test_a_node_that_is_put_between_two_is_one_step(canvas):
    drag(canvas, port(canvas, "film", "out", "video"), port(canvas, "trim", "in", "source"))
    nodes = canvas.locator("[data-node-id]").count()
    canvas.locator(".edge-hit").click(button="right", force=True)
    canvas.get_by_role("menuitem", name="Insert a node…").click()
    canvas.get_by_role("combobox").fill("normalize")
    canvas.keyboard.press("Enter")
    expect(canvas.locator(".edge")).to_have_count(2)
    canvas.keyboard.press("Control+z")
    expect(canvas.locator(".edge")).to_have_count(1)
    expect(canvas.locator("[data-node-id]")).to_have_count(nodes)


def test_keys_beside_the_canvas_are_not_the_canvas_own(canvas):
    canvas.locator('[data-node-id="film"] .node-head').click()
    canvas.get_by_role("button", name="Another seed").focus()
    canvas.keyboard.press("Delete")
    canvas.keyboard.press("l")
    expect(canvas.locator('[data-node-id="film"]')).to_be_visible()
    canvas.locator('[data-node-id="film"] .node-head').click()
    canvas.locator(".flow").focus()
    canvas.keyboard.press("Delete")
    expect(canvas.locator('[data-node-id="film"]')).to_have_count(0)


def test_a_file_on_its_way_to_the_canvas_is_seen_and_given_up(canvas, studio, project):
    canvas.route("**/files/**", lambda route: None if route.request.method == "PUT" else route.continue_())
    transfer = canvas.evaluate_handle("""() => { const data = new DataTransfer(); data.items.add(new File(['a note'], 'slow.txt', {type: 'text/plain'})); return data; }""")
    canvas.locator(".flow").dispatch_event("drop", {"dataTransfer": transfer, "clientX": 700, "clientY": 500})
    uploads = canvas.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("progressbar", name="Upload of slow.txt")).to_be_visible()
    uploads.get_by_role("button", name="Take slow.txt off the list").click()
    expect(uploads).to_have_count(0)
    expect(canvas.get_by_role("group", name="slow.txt")).to_have_count(0)
