"""Somebody who has never seen it makes a film: three shots, two takes compared, the cut exported. Everything is found by what
is written on it; nothing is asked of the gateway by another way."""

import re

from playwright.sync_api import expect
from studio import EMAIL, PASSWORD


def generated(page, what):
    """Waits until it is told what was made, and follows the way that is offered."""
    expect(page.get_by_text(what)).to_be_visible()
    page.get_by_role("button", name="See the takes").last.click()
    expect(page.get_by_role("heading", name="Takes")).to_be_visible()


def test_three_shots_two_takes_compared_and_the_cut_exported(page):
    page.goto("/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # What do I do first?
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Title").fill("The newcomer's film")
    page.get_by_role("button", name="Create project").click()
    # How do I get a shot?
    page.get_by_role("button", name="Start with three shots").click()
    page.get_by_role("group", name="The keeper").click()
    prompt = page.get_by_role("textbox", name=re.compile("^Prompt"))
    expect(prompt).to_have_value(re.compile("climbs the stairs"))
    prompt.fill("The keeper sleeps beside the lamp")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()
    # Where is my picture?
    expect(page.get_by_role("group", name="SHOT-010").get_by_role("img")).to_be_visible()
    generated(page, "Generated: 3 takes")
    for shot in ("SHOT-010", "SHOT-020", "SHOT-030"):
        expect(page.get_by_role("button", name=f"Open {shot} v01 take 01")).to_be_visible()
    # I want another take of the first shot.
    page.get_by_role("link", name="Canvas").click()
    page.get_by_role("group", name="SHOT-010").click()
    page.get_by_role("button", name="Make another take").click()
    generated(page, "Generated: 1 take")
    # Which is better?
    page.get_by_label("Select SHOT-010 v01 take 01").check()
    page.get_by_label("Select SHOT-010 v01 take 02").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    page.get_by_role("button", name="Wipe").click()
    page.get_by_role("button", name="Circle SHOT-010 v01 take 02").click()
    page.get_by_role("button", name="Back to the takes").click()
    # I like these; how do they become a film?
    page.get_by_role("button", name="Circle SHOT-020 v01 take 01").click()
    page.get_by_role("button", name="Circle SHOT-030 v01 take 01").click()
    page.get_by_role("link", name="Cut the circled takes").click()
    page.get_by_role("button", name="Add all in order of their shots").click()
    for number, name in enumerate(("SHOT-010 v01 take 02", "SHOT-020 v01 take 01", "SHOT-030 v01 take 01"), 1):
        expect(page.get_by_role("button", name=re.compile(f"^{name}, {number} of 3"))).to_be_visible()
    page.get_by_role("button", name="Export film").click()
    page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Play film.mp4").click()
    film = page.get_by_role("dialog", name="film.mp4")
    expect(film.get_by_label("film.mp4", exact=True).last).to_be_visible()
    with page.expect_download() as saved:
        film.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "film.mp4"
    assert saved.value.path().stat().st_size > 10_000
