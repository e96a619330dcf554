"""Two people on one canvas, each in a browser of their own."""

import re

import pytest
from canvas_page import field, film, open_canvas, save, save_now, stored, unsaved
from conftest import sign_in
from people import PASSWORD, make_user
from playwright.sync_api import expect


@pytest.fixture
def two(new_context, studio, project):
    """Two who look at the same two nodes."""
    save(studio, project, {"nodes": [film("film", 0, 0), film("second", 0, 260)], "edges": []})
    pages = []
    for email in (make_user(studio), make_user(studio)):
        page = new_context().new_page()
        sign_in(page, email, PASSWORD)
        open_canvas(page, project)
        pages.append(page)
    return pages


def prompt_of(document, identifier):
    return next(one for one in document["nodes"] if one["id"] == identifier)["data"]["parameters"]["prompt"]


def write(page, identifier, words):
    page.locator(f'[data-node-id="{identifier}"] .node-head').click()
    field(page, "Prompt").fill(words)


def test_what_each_does_reaches_the_other_and_both_stay(two, studio, project):
    ada, ben = two
    write(ada, "film", "Ada's words")
    write(ben, "second", "Ben's words")
    ben.locator(".palette-list").get_by_role("button", name="Mock image").click()
    # The message does not stay: it is seen when it comes.
    ben.evaluate("""() => new MutationObserver(() => { window.isTold ||= document.body.textContent.includes("Somebody else saved this canvas"); })
        .observe(document.body, { subtree: true, childList: true, characterData: true })""")
    save_now(ada)
    # Ben's own work is not touched by hers, and hers comes by itself.
    ben.wait_for_function("() => window.isTold")
    ben.locator('[data-node-id="film"] .node-head').click()
    expect(field(ben, "Prompt")).to_have_value("Ada's words")
    save_now(ben)
    expect(ada.get_by_role("group", name="Mock image", exact=True)).to_be_visible()
    ada.locator('[data-node-id="second"] .node-head').click()
    expect(field(ada, "Prompt")).to_have_value("Ben's words")
    # Taking back what one did oneself does not take out what the other did.
    ben.locator(".flow").focus()
    ben.keyboard.press("Control+z")
    expect(ben.get_by_role("group", name="Mock image", exact=True)).to_have_count(0)
    save_now(ben)
    document = stored(studio, project)
    assert (prompt_of(document, "film"), prompt_of(document, "second"), len(document["nodes"])) == ("Ada's words", "Ben's words", 2)


def test_where_both_change_one_thing_both_are_shown_and_somebody_decides(two, studio, project, allowed_noise):
    allowed_noise.append("ERR_FAILED")
    ada, ben = two
    with unsaved(ben):
        write(ben, "film", "Ben's words")
        write(ada, "film", "Ada's words")
        save_now(ada)
    dialog = ben.get_by_role("dialog", name="Two people changed the same")
    expect(dialog.get_by_label(re.compile("^Mine"))).to_be_checked()
    expect(dialog).to_contain_text("Ben's words")
    expect(dialog).to_contain_text("Ada's words")
    # As long as nobody has decided, nothing of either is lost.
    assert prompt_of(stored(studio, project), "film") == "Ada's words"
    expect(field(ben, "Prompt")).to_have_value("Ben's words")
    dialog.get_by_role("button", name="Save", exact=True).click()
    ben.locator(".save-saved").wait_for()
    expect(field(ada, "Prompt")).to_have_value("Ben's words")
    assert prompt_of(stored(studio, project), "film") == "Ben's words"
