"""What tests of the canvas do with it."""

import contextlib
import re


def node(identifier, kind, x, y, **data):
    """A node of a document."""
    return {"id": identifier, "type": kind, "position": {"x": x, "y": y}, "data": data}


def film(identifier, x, y, **parameters):
    """A node that makes a short film."""
    return node(identifier, "function", x, y, function="mock-video", parameters={"prompt": "dawn", "seconds": 0.2, "width": 64, "height": 36, **parameters})


def edge(identifier, source, target, handle, source_handle=None):
    """A connection."""
    return {"id": identifier, "source": source, "target": target, "targetHandle": handle, **({"sourceHandle": source_handle} if source_handle else {})}


def save(studio, project, document, canvas="main_canvas"):
    """Saves a canvas over whatever is there; its ETag."""
    studio.call("PUT", f"/api/v1/projects/{project}/canvases/{canvas}", {"viewport": {"x": 60, "y": 60, "zoom": 1}, **document}, {"if-match": "*"} if canvas == "main_canvas" else {"if-none-match": "*"})
    return studio.last_headers.get("ETag") or studio.last_headers.get("etag")


def stored(studio, project, canvas="main_canvas"):
    """The document as it is saved."""
    return studio.call("GET", f"/api/v1/projects/{project}/canvases/{canvas}")


@contextlib.contextmanager
def unsaved(page, canvas="main_canvas"):
    """Keeps what is changed from being saved by itself meanwhile, however long it takes."""
    def answer(route):
        return route.abort() if route.request.method == "PUT" else route.continue_()
    address = re.compile(rf"/canvases/{canvas}$")
    page.route(address, answer)
    yield
    page.unroute(address, answer)


def open_canvas(page, project, canvas="main_canvas"):
    """Goes to a canvas and waits until it and the catalogue are there."""
    page.goto(f"/#/p/{project}/canvas/{canvas}")
    page.locator(".palette-list").get_by_role("button", name="Mock video").wait_for()
    page.locator(".flow").wait_for()


def field(page, name):
    """A parameter's field in the inspector."""
    return page.locator(".inspector-form").get_by_role("textbox", name=re.compile(f"^{re.escape(name)}")).first


def box(page, identifier):
    """Where a node is in the window."""
    return page.locator(f'[data-node-id="{identifier}"]').bounding_box()


def expect_at(page, identifier, place, dx=0, dy=0):
    """Waits until a node is where it was, moved by so much."""
    page.wait_for_function(
        "([id, x, y]) => { const box = document.querySelector(`[data-node-id='${id}']`)?.getBoundingClientRect(); return box && Math.abs(box.x - x) < 0.6 && Math.abs(box.y - y) < 0.6; }",
        arg=[identifier, place["x"] + dx, place["y"] + dy])


def expect_moved(page, identifier, place):
    """Waits until a node is no more where it was."""
    page.wait_for_function(
        "([id, x, y]) => { const box = document.querySelector(`[data-node-id='${id}']`)?.getBoundingClientRect(); return box && Math.abs(box.x - x) + Math.abs(box.y - y) > 5; }",
        arg=[identifier, place["x"], place["y"]])


def port(page, identifier, side, handle):
    """A port's dot."""
    return page.locator(f'[data-port="{side}"][data-node="{identifier}"][data-handle="{handle}"] i')


def drag(page, start, end, steps=6):
    """Drags from the middle of one thing to the middle of another."""
    def middle(where):
        if isinstance(where, tuple):
            return where
        place = where.bounding_box()
        return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(*middle(start))
    page.mouse.down()
    page.mouse.move(*middle(end), steps=steps)
    page.mouse.up()


def save_now(page):
    """Saves and waits until it is done."""
    page.locator(".save-state").click()
    page.locator(".save-saved").wait_for()

