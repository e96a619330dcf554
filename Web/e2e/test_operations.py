"""What operators look at and do."""

import datetime
import json
import re
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import sign_in
from playwright.sync_api import expect
from test_queue import submit


def test_the_overview_measures_while_one_looks(signed_in, studio, project):
    page = signed_in
    studio.call("POST", f"/api/v1/projects/{project}/pause")
    jobs = [submit(studio, project, shot=f"SHOT-{number}") for number in range(3)]
    page.goto("/#/operations")
    queued = page.locator(".tiles div", has_text="Queued").locator("dd")
    expect(queued).to_have_text("3")
    expect(page.get_by_role("img", name=re.compile("Queue depth: now Queued 3"))).to_be_visible()
    for job in jobs:
        studio.call("POST", f"/api/v1/jobs/{job}/cancel")
    expect(queued).to_have_text("0")
    # The line has two points now, which the keyboard reaches.
    told = page.locator(".chart").first.locator(".chart-legend")
    for _ in range(8):
        page.get_by_role("img", name=re.compile("Queue depth")).press("ArrowLeft")
        if "Queued 3" in told.text_content():
            break
    expect(told).to_contain_text("Queued 3")
    expect(told).to_have_attribute("role", "status")


def test_a_queue_is_paused_and_goes_on(signed_in, studio):
    page = signed_in
    page.goto("/#/operations/queues")
    page.get_by_role("button", name="Pause comfyui").click()
    expect(page.get_by_role("row", name=re.compile("comfyui")).get_by_text("Paused")).to_be_visible()
    assert [queue["paused"] for queue in studio.call("GET", "/api/v1/queues")["items"] if queue["name"] == "comfyui"] == [True]
    page.get_by_role("button", name="Resume comfyui").click()
    expect(page.get_by_role("row", name=re.compile("comfyui")).get_by_text("Open")).to_be_visible()


def test_a_user_is_made_given_credits_another_role_and_disabled(signed_in, studio, context):
    page = signed_in
    email = f"{uuid.uuid4().hex[:8]}@studio.local"
    page.goto("/#/operations/people")
    page.get_by_role("button", name="New user").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Name", exact=True).fill("Ada <i>")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Make user").click()
    row = page.get_by_role("row", name=re.compile(re.escape(email)))
    # Names are text, never markup.
    expect(row.get_by_text("Ada <i>")).to_be_visible()
    page.get_by_role("button", name="Grant credits to Ada <i>").first.click()
    page.get_by_label("How many").fill("2500")
    page.get_by_role("dialog").get_by_role("button", name="Grant credits").click()
    expect(row.get_by_text("2,500 to spend")).to_be_visible()
    row.get_by_role("combobox").select_option("viewer")
    expect(page.get_by_text("Ada <i> changed").first).to_be_visible()
    row.get_by_role("button", name="Disable Ada <i>").click()
    expect(row.get_by_text("Disabled", exact=True)).to_be_visible()
    user = next(user for user in studio.call("GET", "/api/v1/admin/users")["items"] if user["email"] == email)
    assert (user["roles"], user["disabled"], user["credits"]["available"]) == (["viewer"], True, 2500)


def test_failed_jobs_show_every_attempt_and_are_tried_again(signed_in, studio, project):
    page = signed_in
    job = submit(studio, project, parameters={"milliseconds": 60_000}, timeoutSeconds=1, maxAttempts=1)
    studio.until("failure", lambda: studio.call("GET", f"/api/v1/jobs/{job}")["state"] == "failed")
    page.goto("/#/operations/failed")
    line = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=project))
    line.get_by_text("1 attempt").click()
    expect(line.get_by_text(re.compile("^runner-timeout:")).first).to_be_visible()
    line.get_by_role("button", name="Try noop, SHOT-010 again").click()
    expect(page.get_by_text("It is queued again")).to_be_visible()
    expect(line).to_have_count(0)


def test_workers_are_seen_and_drained(signed_in, studio):
    page = signed_in
    drained = []
    # The real worker is needed by the other tests: only the request is looked at.
    page.route(re.compile("/drain$"), lambda route: (drained.append(route.request.method), route.fulfill(status=202, body=json.dumps({}), content_type="application/json")))
    page.goto("/#/operations/workers")
    row = page.get_by_role("row", name=re.compile("worker-1"))
    expect(row.get_by_text("Serving")).to_be_visible()
    row.get_by_role("button", name="Drain worker-1").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(page.get_by_text("worker-1 drains")).to_be_visible()
    assert drained == ["POST"]
    expect(page.get_by_text("None is kept from anything.")).to_be_visible()


def test_a_function_is_limited_and_freed(signed_in, studio):
    page = signed_in
    page.goto("/#/operations/limits")
    page.get_by_label("Function", exact=True).select_option("waveform")
    page.get_by_label("At most", exact=True).fill("2")
    page.get_by_role("button", name="Limit a function").click()
    expect(page.get_by_text("At most 2")).to_be_visible()
    assert {"function": "waveform", "maxRunning": 2} in studio.call("GET", "/api/v1/admin/function-limits")["items"]
    page.get_by_role("button", name="Lift the limit of waveform").click()
    expect(page.get_by_text("No function is limited.")).to_be_visible()


def test_others_are_told_that_this_is_not_for_them(page, studio):
    email = f"{uuid.uuid4().hex[:8]}@studio.local"
    studio.call("POST", "/api/v1/admin/users", {"email": email, "password": "a long password", "roles": ["artist"]}, {"idempotency-key": uuid.uuid4().hex})
    sign_in(page, email, "a long password")
    page.goto("/#/operations")
    expect(page.get_by_role("heading", name="This part is for producers and administrators")).to_be_visible()
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)


def someone(studio, role):
    """A new user of a role; their address."""
    email = f"{uuid.uuid4().hex[:8]}@studio.local"
    studio.call("POST", "/api/v1/admin/users", {"email": email, "password": "a long password", "roles": [role], "displayName": f"A {role}"})
    return email


def test_the_hour_before_is_there_from_the_first_moment(signed_in, studio):
    page = signed_in
    # The gateway itself has looked at least once.
    queues = studio.until("a look", lambda: studio.call("GET", "/api/v1/queues/history")["items"] or submit_and_end(studio))
    assert all({"at", "succeeded", "failed", "cancelled"} <= set(minute) for queue in queues for minute in queue["minutes"])
    begin = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(minutes=58)
    minutes = [{"at": (begin + datetime.timedelta(minutes=number)).isoformat().replace("+00:00", "Z"), "queued": number, "running": 1,
                "oldestAgeSeconds": 5, "succeeded": 2, "failed": 0, "cancelled": 0} for number in range(56)]
    page.route(re.compile("/queues/history"), lambda route: route.fulfill(json={"items": [{"name": "studio", "minutes": minutes}], "nextCursor": None}))
    page.goto("/#/operations")
    expect(page.get_by_role("img", name=re.compile("Queue depth: now Queued .* at most 55$"))).to_be_visible()
    page.get_by_role("img", name=re.compile("Queue depth")).press("Home")
    expect(page.locator(".chart").first.locator(".chart-legend")).to_contain_text("Queued 0")
    page.get_by_role("img", name=re.compile("Queue depth")).press("ArrowRight")
    expect(page.locator(".chart").first.locator(".chart-legend")).to_contain_text("Queued 1")
    expect(page.get_by_text("as the studio keeps it, by the minute", exact=False)).to_be_visible()


def submit_and_end(studio):
    """A job that ended, so that there is a minute to tell of; nothing yet."""
    name = f"looked-{uuid.uuid4().hex[:8]}"
    studio.call("POST", "/api/v1/projects", {"name": name, "title": name})
    studio.call("POST", f"/api/v1/jobs/{submit(studio, name)}/cancel")
    return None


def test_a_producer_sees_how_the_work_goes_and_changes_no_people(page, studio):
    sign_in(page, someone(studio, "producer"), "a long password")
    page.get_by_role("link", name="Operations").click()
    expect(page.get_by_role("img", name=re.compile("Queue depth"))).to_be_visible()
    tabs = page.get_by_role("navigation", name="Parts").get_by_role("link")
    expect(tabs).to_have_text(["Overview", "Workers", "Queues", "People and credits", "Failed jobs"])
    tabs.filter(has_text="Queues").click()
    expect(page.get_by_role("row", name=re.compile("comfyui"))).to_be_visible()
    expect(page.get_by_role("button", name="Pause comfyui")).to_have_count(0)
    tabs.filter(has_text="People").click()
    expect(page.get_by_text("Administrators make users, give roles and grant credits.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("A producer"))).to_be_visible()
    expect(page.locator(".operations-body").get_by_role("button")).to_have_count(0)
    tabs.filter(has_text="Workers").click()
    page.wait_for_function("() => !document.querySelector('.skeletons')")
    expect(page.get_by_role("button", name=re.compile("^Drain"))).to_have_count(0)
    # What is an administrator's is not shown to them by its address either.
    page.goto("/#/operations/audit")
    expect(page.get_by_role("heading", name="Queue depth")).to_be_visible()


def test_who_did_what_is_listed_and_filtered(signed_in, studio, project):
    page = signed_in
    someone(studio, "viewer")
    job = submit(studio, project, notBefore="2099-01-01T00:00:00Z")
    studio.call("POST", f"/api/v1/jobs/{job}/cancel")
    page.goto("/#/operations/audit")
    page.get_by_label("Project", exact=True).select_option(project)
    rows = page.get_by_role("region", name="Audit").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Job cancelled")
    expect(rows.nth(0)).to_contain_text("SHOT-010 · noop")
    expect(rows.nth(1)).to_contain_text("Project made")
    page.get_by_label("What", exact=True).select_option("job")
    expect(rows).to_have_count(1)
    page.get_by_label("Project", exact=True).select_option("")
    page.get_by_label("What", exact=True).select_option("user")
    expect(rows.filter(has_text="User made").first).to_contain_text("role: viewer")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("All is well")).to_be_visible()


@pytest.mark.parametrize("tab", ["overview", "workers", "queues", "people", "failed", "audit", "messages", "limits"])
def test_operations_are_accessible_and_fit(signed_in, tab):
    page = signed_in
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"/#/operations/{tab}")
        page.locator(".operations-body > *").first.wait_for()
        page.wait_for_function("() => !document.querySelector('.skeletons')")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
