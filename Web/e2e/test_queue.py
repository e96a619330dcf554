"""The queue: what runs and waits, its order, what fails, and what people do with it."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect


def submit(studio, project, function="noop", **more):
    body = {"function": function, "shot": "SHOT-010", **more}
    return studio.call("POST", f"/api/v1/projects/{project}/jobs", body, {"idempotency-key": uuid.uuid4().hex})["id"]


def rest(studio, job):
    studio.call("POST", f"/api/v1/jobs/{job}/cancel")


@pytest.fixture
def held(studio, project):
    """Five jobs that wait, since their project is paused."""
    studio.call("POST", f"/api/v1/projects/{project}/pause")
    jobs = [submit(studio, project, shot=f"SHOT-{number}") for number in ("A", "B", "C", "D", "E")]
    yield jobs
    for job in jobs:
        rest(studio, job)


def shots(page):
    """The shots of the rows, from top to bottom."""
    rows = page.locator(".queue-virtual [role=listitem]")
    count = rows.count()
    return [rows.nth(index).locator("strong").inner_text()[5] for index in
            sorted(range(count), key=lambda index: int(rows.nth(index).get_attribute("aria-posinset")))]


def becomes(page, order):
    page.wait_for_function(
        """order => [...document.querySelectorAll('.queue-virtual [role=listitem]')]
            .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map(row => row.querySelector('strong').textContent[5]).join('') === order""",
        arg=order)


def test_a_job_is_seen_running_with_its_log_and_is_cancelled(signed_in, studio, project):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    expect(page.get_by_role("heading", name="Nothing runs or waits")).to_be_visible()
    submit(studio, project, parameters={"milliseconds": 600_000}, timeoutSeconds=3000)
    # Without a reload: the event stream tells of it.
    expect(page.get_by_text("1 running, 0 waiting")).to_be_visible()
    page.get_by_role("button", name="Details of noop, SHOT-010").click()
    details = page.get_by_role("complementary", name="Job")
    expect(details.get_by_text("worker-1").first).to_be_visible()
    expect(details.get_by_label("Log").get_by_text("Following")).to_be_visible()
    details.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").last.click()
    expect(details.get_by_role("status").get_by_text("Cancelled")).to_be_visible()
    page.get_by_role("button", name="Finished").click()
    expect(page.get_by_role("button", name="Details of noop, SHOT-010")).to_be_visible()


def test_the_order_is_changed_by_mouse_and_by_keyboard(signed_in, studio, project, held):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    becomes(page, "ABCDE")
    handle, target = page.get_by_role("button", name="Move noop, SHOT-D"), page.get_by_role("button", name="Move noop, SHOT-B")
    handle.hover()
    page.mouse.down()
    box = target.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    becomes(page, "ADBCE")
    page.get_by_role("button", name="Move noop, SHOT-A").focus()
    page.keyboard.press("ArrowDown")
    becomes(page, "DABCE")
    # The focus goes along with what is moved.
    expect(page.get_by_role("button", name="Move noop, SHOT-A")).to_be_focused()
    page.keyboard.press("ArrowDown")
    becomes(page, "DBACE")
    page.get_by_role("button", name="Sooner: noop, SHOT-E").click()
    becomes(page, "EDBAC")
    # The gateway keeps it: another look shows the same.
    page.reload()
    becomes(page, "EDBAC")


def test_a_drag_that_is_given_up_changes_nothing(signed_in, project, held):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    becomes(page, "ABCDE")
    page.get_by_role("button", name="Move noop, SHOT-D").hover()
    page.mouse.down()
    box = page.get_by_role("button", name="Move noop, SHOT-A").bounding_box()
    page.mouse.move(box["x"], box["y"], steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert "".join(shots(page)) == "ABCDE"


def test_a_paused_project_says_so_and_goes_on(signed_in, studio, project, held):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    expect(page.get_by_text("This project is paused: nothing new is started.", exact=False)).to_be_visible()
    expect(page.get_by_text("0 running, 5 waiting")).to_be_visible()
    page.get_by_role("button", name="Actions for noop, SHOT-A").click()
    page.get_by_role("menuitem", name="Put on hold").click()
    expect(page.get_by_text("On hold")).to_be_visible()
    page.get_by_role("button", name="Resume project").click()
    expect(page.get_by_text("0 running, 1 waiting")).to_be_visible()
    expect(page.get_by_text("is paused", exact=False)).to_have_count(0)


def test_what_failed_names_its_cause_and_is_tried_again(signed_in, studio, project):
    page = signed_in
    job = submit(studio, project, parameters={"milliseconds": 60_000}, timeoutSeconds=1, maxAttempts=1)
    studio.until("failure", lambda: studio.call("GET", f"/api/v1/jobs/{job}")["state"] == "failed")
    page.goto(f"/#/p/{project}/queue")
    page.get_by_role("button", name="Failed").click()
    page.get_by_role("button", name="Details of noop, SHOT-010").click()
    details = page.get_by_role("complementary", name="Job")
    expect(details.get_by_text("runner-timeout").first).to_be_visible()
    details.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is queued again")).to_be_visible()
    assert studio.call("GET", f"/api/v1/jobs/{job}")["attempt"] >= 1


def test_all_jobs_are_those_of_every_project(signed_in, studio, project, held):
    page = signed_in
    page.goto("/#/jobs")
    page.get_by_label("Shot, function or id").fill(project)
    expect(page.get_by_role("button", name="Details of noop, SHOT-A")).to_be_visible()
    expect(page.get_by_text(project, exact=False).first).to_be_visible()
    # Jobs of several projects have no order among each other.
    expect(page.get_by_role("button", name="Move noop, SHOT-A")).to_have_count(0)


def test_all_jobs_are_told_live_and_filtered(signed_in, studio, project):
    page = signed_in
    email = f"{uuid.uuid4().hex[:8]}@studio.local"
    studio.call("POST", "/api/v1/admin/users", {"email": email, "password": "a long password", "roles": ["artist"], "credits": 100})
    theirs = studio.call("POST", "/api/v1/auth/login", {"email": email, "password": "a long password"})["accessToken"]
    page.goto("/#/jobs")
    page.get_by_label("Shot, function or id").fill(project)
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    # A project that was not there when the page was opened: its jobs come without a reload.
    second = f"{project}-b"
    studio.call("POST", "/api/v1/projects", {"name": second, "title": second})
    for name in (project, second):
        studio.call("POST", f"/api/v1/projects/{name}/pause")
    jobs = [submit(studio, second, shot="SHOT-A"), submit(studio, project, shot="SHOT-B", function="mock-image", parameters={"prompt": "x"})]
    mine, studio.token = studio.token, theirs
    try:
        jobs.append(submit(studio, second, shot="SHOT-C"))
    finally:
        studio.token = mine
    for name in ("noop, SHOT-A", "mock-image, SHOT-B", "noop, SHOT-C"):
        expect(page.get_by_role("button", name=f"Details of {name}")).to_be_visible()
    page.get_by_text("Only mine").click()
    expect(page.get_by_role("button", name="Details of noop, SHOT-C")).to_have_count(0)
    page.get_by_label("Function", exact=True).select_option("noop")
    expect(page.get_by_role("button", name="Details of mock-image, SHOT-B")).to_have_count(0)
    expect(page.get_by_role("button", name="Details of noop, SHOT-A")).to_be_visible()
    for job in jobs:
        rest(studio, job)
    expect(page.get_by_role("button", name="Details of noop, SHOT-A")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_queue_is_accessible_and_fits(signed_in, project, held, width):
    page = signed_in
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/#/p/{project}/queue")
    page.get_by_role("button", name="Details of noop, SHOT-B").click()
    page.get_by_role("complementary", name="Job").get_by_text("Parameters").or_(page.get_by_role("complementary", name="Job").get_by_label("Log")).first.wait_for()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_job_that_is_dragged_is_the_one_that_is_moved_whatever_comes_meanwhile(signed_in, studio, project, held):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    becomes(page, "ABCDE")
    page.get_by_role("button", name="Move noop, SHOT-D").hover()
    page.mouse.down()
    box = page.get_by_role("button", name="Move noop, SHOT-B").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2, steps=6)
    # Somebody cancels the first: all rows go up by one while it is held.
    rest(studio, held[0])
    becomes(page, "BCDE")
    page.mouse.move(box["x"] + 5, box["y"] - 4, steps=2)
    page.mouse.up()
    becomes(page, "BDCE")


def test_a_search_looks_beyond_what_was_read(signed_in, studio, project, held):
    page = signed_in
    # A gateway that tells two at a time.
    page.route("**/jobs?*limit=100*", lambda route: route.continue_(url=route.request.url.replace("limit=100", "limit=2")))
    page.goto(f"/#/p/{project}/queue")
    page.get_by_label("Shot, function or id").fill("SHOT-E")
    becomes(page, "E")


def test_escape_closes_the_details(signed_in, project, held):
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    page.get_by_role("button", name="Details of noop, SHOT-B").click()
    page.get_by_role("complementary", name="Job").get_by_role("button", name="Close details").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Job")).to_have_count(0)
    expect(page.get_by_role("button", name="Details of noop, SHOT-B")).to_be_focused()


def test_the_priority_is_changed_on_a_small_screen(signed_in, project, held):
    page = signed_in
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/#/p/{project}/queue")
    becomes(page, "ABCDE")
    page.get_by_role("button", name="Actions for noop, SHOT-C").click()
    page.get_by_role("menuitem", name="Sooner").click()
    becomes(page, "CABDE")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
