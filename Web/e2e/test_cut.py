"""Cutting: takes into an order, trimmed, saved, read again, exported and played."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from test_files import fetch
from test_takes import make


@pytest.fixture
def circled(studio, project):
    """Three circled takes of three shots."""
    takes = [make(studio, project, shot=f"SHOT-0{number}0")[0] for number in (1, 2, 3)]
    for take in takes:
        studio.call("PUT", f"/api/v1/takes/{take}/rating", {"circled": True}, {"if-match": "*"})
    return takes


def clips(page):
    """The shots of the timeline with their lengths, in order."""
    return [re.match(r"(SHOT-\d+) .*, (\d+) of \d+, ([\d:]+)$", label).group(1, 3) for label in
            page.locator(".cutclip-body").evaluate_all("all => all.map(one => one.ariaLabel)")]


def test_takes_are_cut_saved_and_read_again(signed_in, studio, project, circled):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add all in order of their shots").click()
    assert clips(page) == [("SHOT-010", "00:00:02:00"), ("SHOT-020", "00:00:02:00"), ("SHOT-030", "00:00:02:00")]
    # Trimmed by keyboard at the handle, by number in the form.
    page.get_by_role("slider", name="In-point of SHOT-010 v01 take 01").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    # A dissolve needs frames behind the shot before.
    page.get_by_role("slider", name="Out-point of SHOT-010 v01 take 01").focus()
    page.keyboard.press("PageDown")
    page.locator(".cutclip-body").nth(1).click()
    page.get_by_label("Out", exact=True).fill("30")
    page.get_by_label("Out", exact=True).press("Enter")
    page.get_by_label("Dissolve from the shot before").fill("6")
    page.get_by_label("Dissolve from the shot before").press("Enter")
    # The last to the front, by keyboard.
    page.locator(".cutclip-body").nth(2).focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    wanted = [("SHOT-030", "00:00:02:00"), ("SHOT-010", "00:00:01:08"), ("SHOT-020", "00:00:01:06")]
    page.wait_for_function("() => document.querySelector('.cutclip-body').ariaLabel.startsWith('SHOT-030')")
    assert clips(page) == wanted
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Do again").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Name of the cut").fill("first")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: first.otio, first.edl")).to_be_visible()
    expect(page).to_have_url(re.compile("cut/first$"))
    page.reload()
    page.locator(".cutclip-body").nth(2).wait_for()
    assert clips(page) == wanted
    page.locator(".cutclip-body").nth(2).click()
    expect(page.get_by_label("Dissolve from the shot before")).to_have_value("6")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="Edit list (.edl)").click()
    assert saved.value.suggested_filename == "first.edl"


def test_an_edit_list_from_elsewhere_is_read_and_what_is_missing_named(signed_in, project, circled, tmp_path):
    page = signed_in
    edl = tmp_path / "theirs.edl"
    edl.write_text("TITLE: theirs\nFCM: NON-DROP FRAME\n"
                   "001  AX V C 00:00:00:04 00:00:01:04 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: SHOT-020_v01_take01.mov\n"
                   "002  AX V C 00:00:00:00 00:00:01:00 00:00:01:00 00:00:02:00\n* FROM CLIP NAME: somewhere else.mov\n")
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add SHOT-010 v01 take 01").wait_for()
    page.locator("input[type=file]").set_input_files(edl)
    dialog = page.get_by_role("dialog", name="Not everything was taken in")
    expect(dialog.get_by_text("somewhere else.mov")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    assert clips(page) == [("SHOT-020", "00:00:01:00")]
    broken = tmp_path / "broken.otio"
    broken.write_text("{}")
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_text("This JSON is no OpenTimelineIO timeline.")).to_be_visible()


def test_the_cut_plays_from_shot_to_shot(signed_in, project, circled):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add all in order of their shots").click()
    page.wait_for_function("() => document.querySelector('.cut-monitor video')?.readyState >= 2")
    page.get_by_label("Position").fill("40")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play", exact=True).click()
    # The second shot begins at frame 48.
    page.wait_for_function("() => Number(document.querySelector('.cut-monitor input[type=range]').value) > 52")
    expect(page.locator(".cut-monitor figure:not([style*=hidden]) video")).to_have_attribute("aria-label", re.compile("SHOT-0[23]0"))
    # From its beginning again: it must not end before it is stopped.
    page.get_by_label("Position").fill("0")
    page.get_by_role("button", name=re.compile("^(Play|Pause)$")).wait_for()
    if page.get_by_role("button", name="Play", exact=True).count():
        page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_dissolve_is_set_seen_and_saved(signed_in, studio, project, circled):
    page = signed_in
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/mixed", {"shots": [{"take": circled[0], "in": 0, "out": 30}, {"take": circled[1]}]})
    page.goto(f"/#/p/{project}/cut/mixed")
    page.locator(".cutclip-body").nth(1).click()
    page.keyboard.press("d")
    expect(page.get_by_label("Dissolve from the shot before")).to_have_value("12")
    # The clock stands at the first frame of the dissolve: a thirteenth of the new shot over what the one before goes on with.
    page.get_by_label("Position").fill("30")
    page.wait_for_function("() => document.querySelectorAll('.cut-monitor figure').length === 2 && [...document.querySelectorAll('.cut-monitor video')].every(film => film.readyState >= 2 && !film.seeking)")
    look = """() => [...document.querySelectorAll('.cut-monitor figure')].map(figure => { const style = getComputedStyle(figure), film = figure.querySelector('video');
        return [film.ariaLabel.slice(0, 8), style.visibility, Math.round(style.opacity * 1300) / 100, Math.floor(film.currentTime * 24)]; })"""
    page.wait_for_function(f"() => {{ const [below] = ({look})(); return below[3] === 30; }}")
    assert page.evaluate(look) == [["SHOT-010", "visible", 13, 30], ["SHOT-020", "visible", 1, 0]]
    page.get_by_label("Position").fill("36")
    page.wait_for_function(f"() => {{ const [below, above] = ({look})(); return below[3] === 36 && above[3] === 6 && above[2] === 7; }}")
    # After it the one before is gone.
    page.get_by_label("Position").fill("42")
    page.wait_for_function(f"() => {{ const [below, above] = ({look})(); return below[1] === 'hidden' && above[2] === 13; }}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: mixed.otio, mixed.edl")).to_be_visible()
    assert re.search(rb" D\s+0*12 ", fetch(studio, f"/api/v1/projects/{project}/files/04_Project_Files/EDLs/mixed.edl"))
    page.keyboard.press("d")
    expect(page.get_by_label("Dissolve from the shot before")).to_have_value("0")


def test_an_edit_list_that_others_put_there_is_opened(signed_in, studio, project, circled, allowed_noise):
    # It is looked for as a timeline first.
    allowed_noise.append("404")
    folder = studio.home / "Workspace" / "Projects" / project / "04_Project_Files" / "EDLs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "theirs.edl").write_text("TITLE: theirs\nFCM: NON-DROP FRAME\n001  AX V C 00:00:00:04 00:00:01:04 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: SHOT-020_v01_take01.mov\n")
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_label("Cut", exact=True).select_option("theirs")
    page.locator(".cutclip-body").first.wait_for()
    assert clips(page) == [("SHOT-020", "00:00:01:00")]


def test_a_film_is_exported_watched_and_downloaded(signed_in, studio, project, circled):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add all in order of their shots").click()
    page.get_by_role("button", name="Export film").click()
    dialog = page.get_by_role("dialog", name="Export a film")
    dialog.get_by_label("Name of the film").fill("premiere")
    dialog.get_by_role("button", name="Export").click()
    films = page.get_by_role("region", name="Films")
    films.get_by_role("button", name="Play premiere.mp4").click()
    player = page.get_by_role("dialog", name="premiere.mp4")
    page.wait_for_function("() => document.querySelector('.film-player')?.duration > 5.9")
    with page.expect_download() as saved:
        player.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "premiere.mp4"
    player.locator("header").get_by_role("button", name="Close").click()
    # The same name again is refused with words, not overwritten.
    page.get_by_role("button", name="Export film").click()
    dialog.get_by_label("Name of the film").fill("premiere")


def test_a_trim_by_mouse_is_one_step_that_is_undone(signed_in, project, circled):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add SHOT-010 v01 take 01").click()
    handle = page.get_by_role("slider", name="Out-point of SHOT-010 v01 take 01")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 20, steps=8)
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "36")
    page.keyboard.press("Control+z")
    expect(handle).to_have_attribute("aria-valuenow", "48")


@pytest.mark.parametrize("width", [360, 1024, 1440])
def test_the_cut_is_accessible_and_fits(signed_in, studio, project, circled, width):
    page = signed_in
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/one", {"shots": [{"take": take} for take in circled]})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/#/p/{project}/cut/one")
    page.locator(".cutclip-body").nth(1).click()
    page.get_by_role("region", name="Shot", exact=True).wait_for()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_cut_that_is_not_saved_is_there_after_going_elsewhere_and_after_the_page(signed_in, project, circled):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add all in order of their shots").click()
    page.get_by_role("link", name="Queue").click()
    page.get_by_role("heading", name="Queue").wait_for()
    page.get_by_role("link", name="Cut", exact=True).click()
    page.locator(".cutclip-body").nth(2).wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("Unsaved changes were brought back")).to_be_visible()
    page.locator(".cutclip-body").nth(2).wait_for()
    assert [shot for shot, _ in clips(page)] == ["SHOT-010", "SHOT-020", "SHOT-030"]
    expect(page.get_by_role("status").filter(has_text="Not saved")).to_be_visible()


def test_a_cut_that_is_worked_on_is_not_read_anew_with_the_takes(signed_in, studio, project, circled):
    page = signed_in
    connections = []

    def events(connection):
        """The first connection is the gateway's. What came after it the gateway does not know on the second."""
        connections.append(connection)
        server = connection.connect_to_server()

        def tell(message):
            if len(connections) > 1 and "since" in json.loads(message):
                connection.send(json.dumps({"type": "error", "code": "not-found", "message": "since is not known any more"}))
            else:
                server.send(message)
        connection.on_message(tell)
    page.route_web_socket("**/api/v1/events", events)
    # Signed in before the route was there: the page is loaded again with it.
    page.reload()
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/two", {"shots": [{"take": circled[0]}, {"take": circled[1]}]})
    page.goto(f"/#/p/{project}/cut/two")
    page.locator(".cutclip-body").nth(1).focus()
    page.keyboard.press("Delete")
    expect(page.locator(".cutclip-body")).to_have_count(1)
    # The list is read anew, as after a connection that was lost for long; this time it has more pages than one.
    def more(route):
        answer = route.fetch()
        body = answer.json()
        route.fulfill(response=answer, json={**body, "nextCursor": None if "cursor=more" in route.request.url else "more"})
    page.route("**/takes?*", more)
    page.evaluate("dispatchEvent(new Event('offline'))")
    with page.expect_response(lambda answer: "cursor=more" in answer.url):
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".cutclip-body")).to_have_count(1)
    page.wait_for_function("() => new Promise((resolve) => setTimeout(() => resolve(true), 300))")
    assert [shot for shot, _ in clips(page)] == ["SHOT-010"]


def test_a_cut_of_which_something_is_missing_is_not_saved_over_its_file(signed_in, studio, project, circled):
    page = signed_in
    folder = studio.folder(project) / "04_Project_Files" / "EDLs"
    folder.mkdir(parents=True, exist_ok=True)
    text = ("TITLE: theirs\nFCM: NON-DROP FRAME\n"
            "001  AX V C 00:00:00:04 00:00:01:04 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: SHOT-020_v01_take01.mov\n"
            "002  AX V C 00:00:00:00 00:00:01:00 00:00:01:00 00:00:02:00\n* FROM CLIP NAME: somewhere else.mov\n")
    (folder / "theirs.edl").write_text(text)
    page.goto(f"/#/p/{project}/cut/theirs")
    dialog = page.get_by_role("dialog", name="Not everything was taken in")
    expect(dialog.get_by_text("somewhere else.mov")).to_be_visible()
    expect(dialog.get_by_text("saving asks for a name")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    page.locator(".cutclip-body").first.click()
    page.keyboard.press("d")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Name of the cut").fill("ours")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("cut/ours$"))
    assert (folder / "theirs.edl").read_text() == text


def test_a_cut_that_somebody_saved_meanwhile_is_asked_for(signed_in, studio, project, circled):
    page = signed_in
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/two", {"shots": [{"take": circled[0]}, {"take": circled[1]}]})
    page.goto(f"/#/p/{project}/cut/two")
    page.locator(".cutclip-body").nth(1).focus()
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/two", {"shots": [{"take": circled[2]}], "replace": True})
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_text("Somebody saved this cut since you opened it.")).to_be_visible()
    # Who does not want that is asked again the next time.
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_text("Somebody saved this cut since you opened it.")).to_be_visible()
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("Saved: two.otio, two.edl")).to_be_visible()


def test_what_is_told_over_a_window_is_in_it(signed_in, project, circled, allowed_noise):
    page = signed_in
    page.goto(f"/#/p/{project}/cut")
    page.get_by_role("button", name="Add all in order of their shots").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Name of the cut").fill("refused")
    page.route("**/cuts/refused", lambda route: route.fulfill(status=500, json={"title": "It is broken today"}))
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".toast")).to_contain_text("It is broken today")
    dialog.locator(".toast").get_by_role("button", name="Close").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_a_press_on_the_end_of_a_shot_changes_nothing(signed_in, studio, project, circled):
    page = signed_in
    studio.call("PUT", f"/api/v1/projects/{project}/cuts/one", {"shots": [{"take": circled[0]}]})
    page.goto(f"/#/p/{project}/cut/one")
    handle = page.get_by_role("slider", name="Out-point of SHOT-010 v01 take 01")
    handle.click()
    expect(handle).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Not saved")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    handle.press("ArrowLeft")
    expect(page.get_by_role("status").filter(has_text="Not saved")).to_be_visible()
