"""Projects: list, search, create, settings, archive."""

import re

from playwright.sync_api import expect


def test_a_project_is_made_found_changed_and_archived(signed_in, studio):
    page = signed_in
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Title").fill("Ünder the <b>Bridge</b>")
    expect(page.get_by_label("Folder name")).to_have_value("under-the-b-bridge-b")
    page.get_by_role("button", name="Create project").click()
    expect(page).to_have_url(re.compile("#/p/under-the-b-bridge-b/canvas"))
    page.get_by_role("link", name="Projects").click()
    page.get_by_label("Search projects").fill("bridge")
    # Names are text, never markup.
    expect(page.get_by_role("link", name="Ünder the <b>Bridge</b>")).to_be_visible()
    page.get_by_label("Search projects").fill("nothing is called so")
    expect(page.get_by_role("heading", name="No project matches")).to_be_visible()
    page.goto("/#/p/under-the-b-bridge-b/settings")
    page.get_by_label("Title").fill("Under the Bridge")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Settings saved")).to_be_visible()
    assert studio.call("GET", "/api/v1/projects/under-the-b-bridge-b")["title"] == "Under the Bridge"
    page.get_by_role("button", name="Archive project").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive project").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    expect(page.get_by_role("link", name="Under the Bridge")).to_have_count(0)
    page.get_by_label("Show archived").check()
    expect(page.get_by_role("link", name="Under the Bridge")).to_be_visible()


def test_a_name_that_is_taken_is_told_at_the_field(signed_in, project):
    page = signed_in
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Title").fill("Again")
    page.get_by_label("Folder name").fill(project)
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_label("Folder name")).to_have_attribute("aria-invalid", "true")


def test_settings_that_somebody_else_changed_are_not_overwritten(signed_in, studio, project):
    page = signed_in
    page.goto(f"/#/p/{project}/settings")
    page.get_by_label("Title").fill("Mine")
    studio.call("PATCH", f"/api/v1/projects/{project}", {"title": "Theirs"}, {"if-match": "*"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody changed these settings meanwhile.", exact=False)).to_be_visible()
    # What was typed is still there, and beside it what it would replace.
    expect(page.get_by_label("Title")).to_have_value("Mine")
    expect(page.get_by_text("Somebody else set: Theirs")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Settings saved")).to_be_visible()
    assert studio.call("GET", f"/api/v1/projects/{project}")["title"] == "Mine"
