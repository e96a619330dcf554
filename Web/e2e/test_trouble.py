"""What goes wrong, and what the person sees of it."""

import re

import pytest
from canvas_page import edge, field, film, node, open_canvas, save, save_now, stored
from conftest import sign_in
from people import PASSWORD, make_user
from playwright.sync_api import expect
from studio import PASSWORD as FIRST_PASSWORD
from work import submit


@pytest.fixture
def canvas(signed_in, studio, project):
    """An open canvas whose trim cannot work: it begins behind the film's end."""
    save(studio, project, {"nodes": [
        film("film", 0, 0, prompt=project), node("trim", "function", 340, 0, function="trim", parameters={"inFrame": 9000}), node("out", "output", 680, 0, shot="SHOT-010", version=1),
        film("other", 0, 300, prompt=f"{project} other"), node("rest", "output", 340, 300, shot="SHOT-020", version=1),
    ], "edges": [edge("e1", "film", "trim", "source", "video"), edge("e2", "trim", "out", "in", "video"), edge("e3", "other", "rest", "in", "video")]})
    open_canvas(signed_in, project)
    return signed_in


def prompt_of(document, identifier="film"):
    return next(one for one in document["nodes"] if one["id"] == identifier)["data"]["parameters"]["prompt"]


def type_prompt(page, words, identifier="film"):
    page.locator(f'[data-node-id="{identifier}"] .node-head').click()
    field(page, "Prompt").fill(words)


def generate(page):
    page.locator(".flow").focus()
    page.keyboard.press("Control+Enter")


def test_a_function_that_fails_is_told_at_its_node_and_what_waits_for_it_is_not_made(canvas, studio, project):
    generate(canvas)
    expect(canvas.get_by_text("Some nodes failed")).to_be_visible()
    trim, out = canvas.get_by_role("group", name="Trim"), canvas.get_by_role("group", name="SHOT-010")
    expect(trim).to_have_class(re.compile("node-failed"))
    expect(out).to_contain_text("Not made: something before it failed")
    canvas.get_by_role("button", name="Show", exact=True).click()
    story = canvas.get_by_role("region", name="Result")
    expect(story).to_contain_text("A setting does not fit what comes in. Change it below, and generate again.")
    # What has nothing to do with it is made.
    expect(canvas.get_by_role("group", name="SHOT-020").locator(".node-picture img")).to_be_visible()
    field(canvas, "In (frame)").fill("1")
    canvas.get_by_role("button", name="Generate", exact=True).click()
    plan = canvas.get_by_role("dialog", name="Before it is generated")
    expect(plan.get_by_text("2 jobs")).to_be_visible()
    plan.get_by_role("button", name="Generate").click()
    expect(out.locator(".node-picture img")).to_be_visible()


def test_who_has_no_credits_is_told_before_and_nothing_is_queued(page, studio, project):
    save(studio, project, {"nodes": [film("film", 0, 0, prompt=project), node("out", "output", 340, 0, shot="SHOT-010", version=1)], "edges": [edge("e", "film", "out", "in", "video")]})
    sign_in(page, make_user(studio, credits=1), PASSWORD)
    open_canvas(page, project)
    page.get_by_role("button", name="Generate", exact=True).click()
    plan = page.get_by_role("dialog", name="Before it is generated")
    expect(plan.get_by_text("You have 1.")).to_be_visible()
    expect(plan.get_by_text("This costs more credits than you have.", exact=False)).to_be_visible()
    expect(plan.get_by_role("button", name="Generate")).to_be_disabled()
    plan.get_by_role("button", name="Cancel").click()
    generate(page)
    expect(page.get_by_text("This costs more credits than you have. Generate a smaller part, or ask an administrator for more.")).to_be_visible()
    page.get_by_role("link", name="Queue").click()
    expect(page.get_by_role("heading", name="Nothing runs or waits")).to_be_visible()
    assert studio.call("GET", f"/api/v1/projects/{project}/jobs")["items"] == []


def test_work_without_a_network_is_kept_and_saved_when_it_is_back(canvas, context, studio, project, allowed_noise):
    allowed_noise += ["ERR_INTERNET_DISCONNECTED", "WebSocket", "ERR_NETWORK_CHANGED"]
    type_prompt(canvas, "before")
    save_now(canvas)
    sent = []
    canvas.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    canvas.evaluate("window.isSamePage = true")
    context.set_offline(True)
    expect(canvas.get_by_text("The studio cannot be reached")).to_be_visible()
    type_prompt(canvas, "written without a network")
    expect(canvas.locator(".save-kept, .save-failed")).to_be_visible()
    # What happens meanwhile.
    document = stored(studio, project)
    save(studio, project, {**document, "nodes": [*document["nodes"], node("note", "note", 0, 560, text="Left meanwhile")]})
    job = submit(studio, project, "SHOT-AWAY", "noop", milliseconds=600_000)["id"]
    context.set_offline(False)
    expect(canvas.get_by_text("The studio cannot be reached")).to_have_count(0)
    expect(canvas.locator(".save-saved")).to_be_visible()
    expect(canvas.get_by_text("Left meanwhile")).to_be_visible()
    assert prompt_of(stored(studio, project)) == "written without a network"
    assert any('"since"' in frame for frame in sent), sent
    canvas.get_by_role("link", name="Queue").click()
    expect(canvas.get_by_role("button", name=re.compile("^Details of"))).to_have_count(1)
    assert canvas.evaluate("window.isSamePage")
    studio.call("POST", f"/api/v1/jobs/{job}/cancel")


def test_work_without_a_network_outlasts_the_page(canvas, context, studio, project, allowed_noise):
    allowed_noise += ["ERR_INTERNET_DISCONNECTED", "WebSocket", "ERR_NETWORK_CHANGED"]
    context.set_offline(True)
    type_prompt(canvas, "written without a network")
    expect(canvas.locator(".save-kept, .save-failed")).to_be_visible()
    canvas.close()
    context.set_offline(False)
    assert prompt_of(stored(studio, project)) == project
    other = context.new_page()
    other.goto("/")
    open_canvas(other, project)
    expect(other.get_by_text("Unsaved changes were brought back")).to_be_visible()
    other.locator('[data-node-id="film"] .node-head').click()
    expect(field(other, "Prompt")).to_have_value("written without a network")
    save_now(other)
    assert prompt_of(stored(studio, project)) == "written without a network"
    assert other.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('studio.kept'))") == []


def test_a_session_that_ends_in_the_middle_of_editing_loses_nothing(canvas, studio, project, allowed_noise):
    allowed_noise += ["ERR_CONNECTION", "WebSocket", "503", "401"]
    type_prompt(canvas, "half a sentence")
    canvas.evaluate("window.isSamePage = true")
    # The studio's key is another: no token of before is taken any more.
    before = studio.environment["JWT_SECRET"]
    studio.stop_gateway()
    studio.environment["JWT_SECRET"] = "another key of the tests' own " * 2
    studio.token = None
    try:
        studio.start_gateway()
        dialog = canvas.get_by_role("dialog", name="Sign in again")
        dialog.get_by_label("Password", exact=True).fill(FIRST_PASSWORD)
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog).to_be_hidden()
        expect(field(canvas, "Prompt")).to_have_value("half a sentence")
        field(canvas, "Prompt").press("End")
        field(canvas, "Prompt").press_sequentially(", and the other half")
        save_now(canvas)
        assert prompt_of(stored(studio, project)) == "half a sentence, and the other half"
        assert canvas.evaluate("window.isSamePage")
    finally:
        studio.stop_gateway()
        studio.environment["JWT_SECRET"] = before
        studio.token = None
        studio.start_gateway()


def test_what_the_policy_refuses_is_heard(page, noise):
    """The watch over the console, on which all other tests rely, hears of refusals and of faults."""
    page.goto("/")
    page.get_by_label("Email").wait_for()
    page.evaluate("() => { const style = document.createElement('style'); style.textContent = 'body { color: red }'; document.head.append(style); }")
    page.evaluate("() => { const picture = new Image(); picture.src = 'https://elsewhere.invalid/a.png'; document.body.append(picture); }")
    page.evaluate("() => { setTimeout(() => { throw new Error('a fault of the page'); }); }")
    page.wait_for_function("() => new Promise((resolve) => setTimeout(() => resolve(true)))")
    expect(page.get_by_label("Email")).to_be_visible()
    page.evaluate("() => fetch('https://elsewhere.invalid/b').catch(() => 1)")
    assert any("style" in text for text in noise), noise
    assert any("img-src" in text for text in noise), noise
    assert any("connect-src" in text for text in noise), noise
    assert any("a fault of the page" in text for text in noise), noise
    noise.clear()


def test_a_part_of_the_page_whose_request_was_aborted_is_fetched_again(signed_in, studio, project):
    """A network that changes aborts what is under way; nobody reloads a page for that."""
    save(studio, project, {"nodes": [film("film", 0, 0, prompt=project)], "edges": []})
    aborted = []

    def abort_twice(route):
        if len(aborted) < 2:
            aborted.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()
    signed_in.route(re.compile(r"/part-CanvasPage-\w+\.js$"), abort_twice)
    open_canvas(signed_in, project)
    assert len(aborted) == 2


def test_what_is_read_while_the_network_changes_is_asked_for_again(signed_in, studio, project):
    save(studio, project, {"nodes": [film("film", 0, 0, prompt=project)], "edges": []})
    aborted = []

    def abort_first(route):
        if route.request.method == "GET" and route.request.url not in aborted:
            aborted.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()
    signed_in.route("**/api/v1/**", abort_first)
    open_canvas(signed_in, project)
    expect(signed_in.locator('[data-node-id="film"]')).to_be_visible()
    assert any("/canvases/main_canvas" in address for address in aborted)


def test_a_part_of_the_page_that_is_gone_says_so_and_is_there_after_loading_again(signed_in, studio, project, allowed_noise):
    """A page that was open while the studio was updated asks for parts that are not there any more."""
    allowed_noise.append("This part of the page could not be fetched")
    gone = re.compile(r"/part-CanvasPage-\w+\.js$")
    signed_in.route(gone, lambda route: route.fulfill(status=404))
    signed_in.clock.install()
    signed_in.goto(f"/#/p/{project}/canvas/main")
    heading = signed_in.get_by_role("heading", name="This part of the page could not be fetched")

    def is_given_up():
        signed_in.clock.run_for(1000)
        return heading.is_visible()
    studio.until("the end of the attempts", is_given_up)
    signed_in.unroute(gone)
    signed_in.get_by_role("button", name="Load again").click()
    expect(signed_in.locator(".flow")).to_be_visible()
