"""Takes: looking, playing frame by frame, comparing, choosing; and ten thousand of them."""

import json
import re
import time
import urllib.parse
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from studio import EMAIL, PASSWORD


def make(studio, project, shot="SHOT-010", function="mock-video", count=1, **more):
    """Takes that the worker makes; their ids."""
    jobs = []
    for seed in range(count):
        parameters = {"prompt": f"dawn {seed}", "seconds": 2, "width": 320, "height": 180, "seed": seed} if function == "mock-video" else {}
        body = {"function": function, "shot": shot, "parameters": parameters, **more}
        jobs.append(studio.call("POST", f"/api/v1/projects/{project}/jobs", body, {"idempotency-key": uuid.uuid4().hex})["id"])

    def done():
        states = [studio.call("GET", f"/api/v1/jobs/{job}") for job in jobs]
        assert all(job["state"] not in ("failed", "cancelled") for job in states), states
        return [job["takes"][0] for job in states if job["takes"]] if all(job["state"] == "succeeded" for job in states) else None
    return studio.until("takes", done)


def frame(page):
    """The number of the frame that is seen, as it is told."""
    return int(re.search(r"Frame (\d+) of", page.get_by_label("Position").get_attribute("aria-valuetext")).group(1))


def seen(page, wanted):
    expect(page.get_by_label("Position")).to_have_attribute("aria-valuetext", re.compile(rf"Frame {wanted} of "))


def test_a_take_appears_by_itself_and_is_played_frame_by_frame(signed_in, studio, project):
    page = signed_in
    page.goto(f"/#/p/{project}/takes")
    expect(page.get_by_role("heading", name="No takes yet")).to_be_visible()
    make(studio, project)
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").click()
    film = page.locator(".viewer video")
    film.wait_for()
    page.wait_for_function("() => document.querySelector('.viewer video').readyState >= 2")
    seen(page, 1)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    seen(page, 6)
    # What is seen is the frame that is named: the film stands in the middle of it.
    page.wait_for_function("() => Math.abs(document.querySelector('.viewer video').currentTime - 5.5 / 24) < 0.001")
    page.keyboard.press("Shift+ArrowRight")
    seen(page, 16)
    page.keyboard.press("End")
    seen(page, 48)
    page.keyboard.press("ArrowRight")
    seen(page, 48)
    page.keyboard.press("Home")
    seen(page, 1)
    # In a loop: it does not end before anybody has looked.
    page.keyboard.press("r")
    page.keyboard.press("l")
    page.wait_for_function("() => !document.querySelector('.viewer video').paused")
    page.keyboard.press("l")
    expect(page.get_by_text("2×")).to_be_visible()
    page.keyboard.press("k")
    page.wait_for_function("() => document.querySelector('.viewer video').paused")
    stopped = frame(page)
    page.keyboard.press("r")
    page.keyboard.press("End")
    page.keyboard.press("j")
    page.wait_for_function("() => !/Frame 48 /.test(document.querySelector('.transport input').getAttribute('aria-valuetext'))")
    page.keyboard.press("k")
    assert stopped >= 1 and frame(page) < 48


def test_between_marks_a_film_begins_again(signed_in, studio, project):
    page = signed_in
    take, = make(studio, project)
    page.goto(f"/#/p/{project}/takes/SHOT-010/{take}")
    page.wait_for_function("() => document.querySelector('.viewer video')?.readyState >= 2")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("i")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Loop (R)")).to_have_attribute("aria-pressed", "true")
    page.evaluate("""window.frames_seen = []; new MutationObserver(() => window.frames_seen.push(
        Number(/Frame (\\d+)/.exec(document.querySelector('.transport input').getAttribute('aria-valuetext'))[1])))
        .observe(document.querySelector('.transport input'), {attributes: true, attributeFilter: ['aria-valuetext']})""")
    page.keyboard.press("Space")
    page.wait_for_function("() => window.frames_seen.some((frame, index) => index > 0 && frame < window.frames_seen[index - 1])")
    page.keyboard.press("k")
    assert all(11 <= one <= 21 for one in page.evaluate("window.frames_seen"))


def test_takes_are_rated_and_circled_by_keyboard(signed_in, studio, project):
    page = signed_in
    first, second = make(studio, project, count=2)
    page.goto(f"/#/p/{project}/takes")
    page.get_by_role("button", name="Open SHOT-010 v01 take 02").focus()
    page.keyboard.press("4")
    page.keyboard.press("c")
    expect(page.get_by_role("img", name="4 stars")).to_be_visible()
    expect(page.get_by_role("button", name="Circle SHOT-010 v01 take 02")).to_have_attribute("aria-pressed", "true")
    newest = studio.call("GET", f"/api/v1/projects/{project}/takes")["items"][0]["id"]
    studio.until("the rating", lambda: (lambda take: take.get("rating") == 4 and take["circled"])(studio.call("GET", f"/api/v1/takes/{newest}")))
    # The other is reached by arrows.
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Open SHOT-010 v01 take 01")).to_be_focused()
    page.get_by_label("Circled only").check()
    expect(page.get_by_role("button", name="Open SHOT-010 v01 take 01")).to_have_count(0)
    expect(page.get_by_text("1 take", exact=True)).to_be_visible()
    page.get_by_role("button", name="Open SHOT-010 v01 take 02").press("Enter")
    page.get_by_role("button", name="2 stars").click()
    expect(page.get_by_role("button", name="2 stars")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("img", name="2 stars")).to_be_visible()


def test_what_somebody_else_rated_meanwhile_is_kept(signed_in, studio, project, allowed_noise):
    allowed_noise.append("412")
    page = signed_in
    take, = make(studio, project)
    page.goto(f"/#/p/{project}/takes")
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").wait_for()
    studio.call("PUT", f"/api/v1/takes/{take}/rating", {"rating": 5}, {"if-match": "*"})
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").press("c")
    studio.until("the circle", lambda: studio.call("GET", f"/api/v1/takes/{take}")["circled"])
    assert studio.call("GET", f"/api/v1/takes/{take}")["rating"] == 5
    expect(page.get_by_role("img", name="5 stars")).to_be_visible()


def test_two_takes_are_compared_side_by_side_and_by_a_wipe(signed_in, studio, project):
    page = signed_in
    make(studio, project, count=2)
    page.goto(f"/#/p/{project}/takes")
    page.get_by_label("Select SHOT-010 v01 take 01").check(force=True)
    page.get_by_label("Select SHOT-010 v01 take 02").check(force=True)
    page.get_by_role("button", name="Compare").click()
    compare = page.get_by_role("region", name="Compare")
    expect(compare.locator("video")).to_have_count(2)
    page.wait_for_function("() => [...document.querySelectorAll('.viewer video')].every(film => film.readyState >= 2)")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("() => [...document.querySelectorAll('.viewer video')].every(film => Math.abs(film.currentTime - 10.5 / 24) < 0.001)")
    page.get_by_role("button", name="Wipe").click()
    page.get_by_label("Where the wipe is").focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".wipe-line")).to_have_attribute("style", re.compile(r"left: 40%"))
    page.keyboard.press("Escape")
    expect(page.get_by_label("Select SHOT-010 v01 take 01")).to_be_checked()


def test_a_film_is_scrubbed_under_the_pointer(signed_in, studio, project):
    page = signed_in
    take, = make(studio, project)
    page.goto(f"/#/p/{project}/takes")
    tile = page.get_by_role("button", name="Open SHOT-010 v01 take 01")
    tile.hover(position={"x": 20, "y": 40})
    box = tile.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=4)
    page.wait_for_function("() => Math.abs((document.querySelector('.scrub video')?.currentTime ?? 0) - 1.46) < 0.12")
    page.mouse.move(5, 5)
    expect(page.locator(".scrub")).to_have_count(0)
    # With a sheet of stills the film itself is not asked for, and the sheet is no take to look at.
    make(studio, project, function="sprite", inputs={"source": f"take:{take}"}, parameters={"interval": 0.25})
    films = []
    page.on("request", lambda request: films.append(request.url) if re.search(rf"{take}/media", request.url) else None)
    page.reload()
    expect(page.get_by_text("1 take", exact=True)).to_be_visible()
    tile.hover(position={"x": 20, "y": 40})
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=4)
    expect(page.locator(".scrub-still img")).to_have_attribute("style", re.compile(r"translate\(-\d"))
    assert films == []


def test_a_take_tells_how_it_was_made_and_is_made_again(signed_in, studio, project, allowed_noise):
    allowed_noise.append("404")
    page = signed_in
    take, = make(studio, project)
    page.goto(f"/#/p/{project}/takes/-/{take}")
    side = page.get_by_role("complementary", name="Information")
    expect(side.get_by_text("dawn 0").first).to_be_visible()
    expect(side.get_by_text("mock-video 1.0.0")).to_be_visible()
    expect(side.get_by_text("320 × 180")).to_be_visible()
    with page.expect_download() as saved:
        side.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "SHOT-010_v01_take01.mp4"
    side.get_by_role("button", name="Open the graph that made it").click()
    expect(page.get_by_text("No canvas made this take", exact=False)).to_be_visible()
    side.get_by_role("button", name="Make it again").click()
    expect(page.get_by_text("A new take of it is being made")).to_be_visible()
    page.get_by_role("button", name="Back to the takes").click()
    expect(page.get_by_role("button", name="Open SHOT-010 v01 take 02")).to_be_visible()


def test_ten_thousand_takes_mount_only_what_is_near(signed_in, project):
    page = signed_in

    def line(index):
        shot = f"SHOT-{index // 100:03}"
        return {
            "id": f"{index:032x}", "project": project, "job": "j", "shot": shot, "version": 1, "number": index % 100 + 1, "path": "p", "fileName": f"{shot}.mp4", "mediaType": "video/mp4", "circled": False,
            "revision": 1, "createdAt": f"2026-01-01T00:{index // 60 % 60:02}:{index % 60:02}.000Z", "probe": {"durationSeconds": 2, "streams": []}, "links": {"self": "", "media": "", "job": ""},
        }

    def answer(route):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(route.request.url).query)
        start = int(query.get("cursor", ["0"])[0])
        end = min(10_000, start + int(query["limit"][0]))
        route.fulfill(body=json.dumps({"items": [line(index) for index in range(start, end)], "nextCursor": str(end) if end < 10_000 else None}), content_type="application/json")
    page.route(re.compile(rf"/api/v1/projects/{project}/takes\?"), answer)
    page.goto(f"/#/p/{project}/takes")
    page.get_by_role("button", name=re.compile("^Open ")).first.wait_for()
    mounted = 0
    end = time.monotonic() + 180
    while time.monotonic() < end:
        page.evaluate("document.querySelector('.takes-virtual').scrollTo(0, 1e9)")
        mounted = max(mounted, page.locator(".tile").count())
        if page.get_by_text("10,000 takes", exact=True).count():
            break
        page.wait_for_timeout(50)
    expect(page.get_by_text("10,000 takes", exact=True)).to_be_visible()
    page.evaluate("document.querySelector('.takes-virtual').scrollTo(0, 1e9)")
    expect(page.get_by_role("button", name="Open SHOT-099 v01 take 01")).to_be_visible()
    assert 0 < max(mounted, page.locator(".tile").count()) < 80


def test_names_and_prompts_are_never_markup(signed_in, studio, project):
    page = signed_in
    body = {"function": "mock-video", "shot": "SHOT-X", "parameters": {"prompt": "<img src=x onerror=alert(1)><b>bold</b>", "seconds": 1, "width": 64, "height": 64}}
    job = studio.call("POST", f"/api/v1/projects/{project}/jobs", body, {"idempotency-key": uuid.uuid4().hex})["id"]
    take = studio.until("take", lambda: studio.call("GET", f"/api/v1/jobs/{job}")["takes"])[0]
    page.goto(f"/#/p/{project}/takes/-/{take}")
    expect(page.locator(".player").get_by_text("<img src=x onerror=alert(1)><b>bold</b>").first).to_be_visible()
    assert page.locator(".player b, .player img[src=x]").count() == 0


@pytest.mark.parametrize("width", [360, 1024, 1440])
def test_takes_are_accessible_and_fit(signed_in, studio, project, width):
    page = signed_in
    take, = make(studio, project)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/#/p/{project}/takes")
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").wait_for()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").click()
    page.get_by_text("mock-video 1.0.0").wait_for()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_window_that_signs_out_leaves_the_others_their_pictures(page, context, studio, project):
    make(studio, project)
    other = context.new_page()
    for one in (page, other):
        one.goto("/")
        one.get_by_label("Email").fill(EMAIL)
        one.get_by_label("Password", exact=True).fill(PASSWORD)
        # Each window for itself.
        one.get_by_label("Stay signed in on this device").uncheck()
        one.get_by_role("button", name="Sign in").click()
        one.get_by_role("heading", name="Projects").wait_for()
        one.wait_for_function("navigator.serviceWorker.controller !== null")
    other.get_by_role("button", name="Account").click()
    other.get_by_role("menuitem", name="Sign out").click()
    expect(other.get_by_label("Email")).to_be_visible()
    page.goto(f"/#/p/{project}/takes")
    page.get_by_role("button", name="Open SHOT-010 v01 take 01").click()
    page.wait_for_function("() => document.querySelector('.viewer video')?.readyState >= 2")
