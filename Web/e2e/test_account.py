"""Signing in, staying signed in, and a token that ends in the middle of work."""

import re

from conftest import sign_in
from playwright.sync_api import expect
from studio import EMAIL, PASSWORD


def test_a_wrong_password_is_told_and_a_right_one_lets_in(page):
    page.goto("/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The email or the password is wrong.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def test_who_stays_signed_in_is_still_there_in_another_tab(page, context):
    sign_in(page)
    other = context.new_page()
    other.goto("/")
    expect(other.get_by_role("heading", name="Projects")).to_be_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_label("Email")).to_be_visible()
    expect(other.get_by_label("Email")).to_be_visible()


def test_a_session_of_the_tab_only_is_not_kept(page, context):
    page.goto("/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Stay signed in on this device").uncheck()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    other = context.new_page()
    other.goto("/")
    expect(other.get_by_label("Email")).to_be_visible()


def test_a_token_that_ends_in_the_middle_of_work_loses_nothing(signed_in):
    page = signed_in
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Title").fill("Kept while away")
    page.get_by_label("Folder name").fill("kept-while-away")
    # From here on the gateway does not take the token any more, as if it had ended.
    page.route("**/api/v1/projects", lambda route: route.fulfill(status=401, json={"status": 401}), times=1)
    page.get_by_role("button", name="Create project").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_label("Email")).to_have_value(EMAIL)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile("kept-while-away"))


def test_no_address_ever_has_the_token(page):
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    sign_in(page)
    token = page.evaluate("JSON.parse(localStorage.getItem('studio.session')).token")
    assert len(token) > 40 and addresses
    assert not any(token in address for address in addresses)


def test_the_question_for_the_password_stays_however_often_escape_is_pressed(signed_in):
    page = signed_in
    page.route("**/api/v1/projects*", lambda route: route.fulfill(status=401, json={"status": 401}), times=1)
    page.reload()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('dialog').open")
    # However it was closed.
    page.evaluate("document.querySelector('dialog').close()")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').matches(':modal')")
    page.route("**/api/v1/projects*", lambda route: route.continue_())
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()


def test_a_token_that_ends_in_one_tab_asks_in_the_other_which_comes_back_with_it(page, context):
    sign_in(page)
    other = context.new_page()
    other.goto("/")
    other.get_by_role("button", name="New project").first.click()
    other.get_by_label("Title").fill("Half typed")
    page.route("**/api/v1/me", lambda route: route.fulfill(status=401, json={"status": 401}), times=1)
    page.reload()
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.wait_for()
    expect(other.get_by_role("dialog", name="Sign in again")).to_be_visible()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("dialog", name="Sign in again")).to_be_hidden()
    expect(other.get_by_label("Title")).to_have_value("Half typed")


def test_who_it_is_is_asked_again_where_it_was_not_answered(page):
    sign_in(page)
    page.route("**/api/v1/me", lambda route: route.abort(), times=2)
    page.reload()
    # What only those may do who are known to be allowed.
    expect(page.get_by_role("button", name="New project").first).to_be_visible()
