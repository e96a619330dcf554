"""The project's folders: looking, uploading, going on with an upload, previews."""

import pathlib
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f00030101c9e4a9c30000000049454e44ae426082")


def fetch(studio, path):
    """The bytes at an address, for the first user."""
    request = urllib.request.Request(studio.url + path, headers={"authorization": f"Bearer {studio.token}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read()


def choose(page, *files):
    page.locator("input[type=file]").set_input_files([str(file) for file in files])


def test_folders_are_walked_and_files_looked_at(signed_in, project, tmp_path, allowed_noise):
    # A new folder is there with its first file only.
    allowed_noise.append("404")
    page = signed_in
    picture, text = tmp_path / "harbour <b>.png", tmp_path / "script.txt"
    picture.write_bytes(PNG)
    text.write_text("INT. HARBOUR - DAWN\n<script>alert(1)</script>")
    page.goto(f"/#/p/{project}/files")
    page.get_by_role("link", name=re.compile("^01_Assets")).click()
    expect(page.get_by_role("navigation", name="Where").get_by_text("01_Assets")).to_be_visible()
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("plates")
    page.get_by_role("button", name="Go there").click()
    choose(page, picture, text)
    expect(page.get_by_text("2 of 2 uploaded")).to_be_visible()
    # What file names may not have became a hyphen.
    page.get_by_role("button", name="Look at harbour -b-.png").click()
    page.wait_for_function("() => document.querySelector('.preview img')?.naturalWidth === 1")
    page.get_by_role("button", name="Look at script.txt").click()
    expect(page.get_by_label("Preview").get_by_text("<script>alert(1)</script>").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("complementary", name="Preview").get_by_role("button", name="Download").click()
    assert pathlib.Path(saved.value.path()).read_text() == text.read_text()


def test_a_file_whose_name_is_taken_is_asked_about(signed_in, studio, project, tmp_path, allowed_noise):
    allowed_noise += ["412", "409", "404"]
    page = signed_in
    note = tmp_path / "note.txt"
    note.write_text("first")
    page.goto(f"/#/p/{project}/files/01_Assets")
    choose(page, note)
    expect(page.get_by_text("1 of 1 uploaded")).to_be_visible()
    note.write_text("second")
    choose(page, note)
    expect(page.get_by_text("There is a file of this name")).to_be_visible()
    page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_text("2 of 2 uploaded")).to_be_visible()
    page.get_by_role("button", name="Look at note.txt").click()
    expect(page.get_by_label("Preview").get_by_text("second").first).to_be_visible()
    choose(page, note)
    page.get_by_role("button", name="Keep both").click()
    expect(page.get_by_role("button", name="Look at note-2.txt")).to_be_visible()


def test_an_upload_that_is_paused_goes_on_where_it_was(signed_in, studio, project, tmp_path):
    page = signed_in
    film = tmp_path / "large.bin"
    film.write_bytes(bytes(range(256)) * (40 * 4096))
    ranges = []
    page.on("request", lambda request: ranges.append(request.headers.get("content-range", "")) if request.method == "PUT" else None)
    page.goto(f"/#/p/{project}/files/01_Assets")
    held = []
    # The second part hangs until the upload was paused.
    page.route(re.compile("large.bin"), lambda route: held.append(route) if "16777216-" in route.request.headers.get("content-range", "") and not held else route.continue_())
    choose(page, film)
    studio.until("the second part", lambda: held or page.wait_for_timeout(50))
    page.get_by_role("button", name="Pause: large.bin").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    ranges.clear()
    page.get_by_role("button", name="Go on: large.bin").click()
    expect(page.get_by_text("1 of 1 uploaded")).to_be_visible()
    # It asked how much had come, and sent only the rest.
    assert ranges[0] == f"bytes */{film.stat().st_size}"
    assert all(not one.startswith("bytes 0-") for one in ranges)
    size = [entry["sizeBytes"] for entry in studio.call("GET", f"/api/v1/projects/{project}/folder?path=01_Assets")["items"] if entry["name"] == "large.bin"]
    assert size == [film.stat().st_size]


def test_a_download_during_an_upload_asks_nothing(signed_in, studio, project, tmp_path):
    page = signed_in
    note, film = tmp_path / "note.txt", tmp_path / "large.bin"
    note.write_text("a note")
    film.write_bytes(bytes(1024))
    page.goto(f"/#/p/{project}/files/01_Assets")
    choose(page, note)
    page.get_by_role("button", name="Look at note.txt").click()
    held, asked = [], []
    page.route(re.compile("large.bin"), lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    choose(page, film)
    studio.until("the upload", lambda: held or page.wait_for_timeout(50))
    with page.expect_download() as saved:
        page.get_by_role("complementary", name="Preview").get_by_role("button", name="Download").click()
    assert pathlib.Path(saved.value.path()).read_text() == "a note"
    assert asked == []
    held[0].continue_()
    expect(page.get_by_text("2 of 2 uploaded")).to_be_visible()


def test_an_upload_goes_on_after_the_page_was_left(signed_in, studio, project, tmp_path):
    page = signed_in
    film = tmp_path / "long.bin"
    film.write_bytes(bytes(range(256)) * (40 * 4096))
    ranges, held = [], []
    page.on("request", lambda request: ranges.append(request.headers.get("content-range", "")) if request.method == "PUT" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    page.route(re.compile("long.bin"), lambda route: held.append(route) if "16777216-" in route.request.headers.get("content-range", "") and not held else route.continue_())
    page.goto(f"/#/p/{project}/files/01_Assets")
    choose(page, film)
    studio.until("the second part", lambda: held or page.wait_for_timeout(50))
    page.reload()
    waiting = page.get_by_role("region", name="Interrupted uploads")
    expect(waiting.get_by_text("long.bin")).to_be_visible()
    # What is kept tells the file from others, and lets nobody in.
    kept = page.evaluate("() => Object.entries(localStorage).filter(([key]) => key.startsWith('studio.uploads.')).map(([, value]) => value).join()")
    token = page.evaluate("() => JSON.parse(sessionStorage.getItem('studio.session') ?? localStorage.getItem('studio.session')).token")
    assert '"head"' in kept and token not in kept
    # Another file of that name is not taken for it.
    wrong = tmp_path / "other" / "long.bin"
    wrong.parent.mkdir()
    wrong.write_bytes(b"x" * film.stat().st_size)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose long.bin again").click()
    chooser.value.set_files(wrong)
    expect(page.get_by_text("That is another file than the long.bin that was begun.", exact=False)).to_be_visible()
    ranges.clear()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose long.bin again").click()
    chooser.value.set_files(film)
    expect(page.get_by_text("1 of 1 uploaded")).to_be_visible()
    assert ranges[0] == f"bytes */{film.stat().st_size}"
    assert all(not one.startswith("bytes 0-") for one in ranges)
    expect(waiting).to_have_count(0)
    entry = next(entry for entry in studio.call("GET", f"/api/v1/projects/{project}/folder?path=01_Assets")["items"] if entry["name"] == "long.bin")
    assert entry["sizeBytes"] == film.stat().st_size
    assert fetch(studio, f"/api/v1/projects/{project}/files/01_Assets/long.bin") == film.read_bytes()
    page.reload()
    expect(page.get_by_role("button", name="Look at long.bin")).to_be_visible()
    expect(waiting).to_have_count(0)


def test_files_are_dropped_where_they_may_be(signed_in, project):
    page = signed_in
    page.goto(f"/#/p/{project}/files/01_Assets")
    page.get_by_role("button", name="Upload files").first.wait_for()
    drop = """name => { const data = new DataTransfer(); data.items.add(new File(['dropped'], name, {type: 'text/plain'}));
        const target = document.querySelector('.files'); for (const kind of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})); }"""
    page.evaluate(drop, "dropped.txt")
    expect(page.get_by_role("button", name="Look at dropped.txt")).to_be_visible()
    page.goto(f"/#/p/{project}/files/03_Renders")
    expect(page.get_by_text("Files here are made by the studio", exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="Upload files")).to_have_count(0)
    page.evaluate(drop, "refused.txt")
    page.goto(f"/#/p/{project}/files/01_Assets")
    page.get_by_role("button", name="Look at dropped.txt").wait_for()
    expect(page.get_by_text("refused.txt")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
def test_files_are_accessible_and_fit(signed_in, project, tmp_path, width):
    page = signed_in
    note = tmp_path / "note.txt"
    note.write_text("a note")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/#/p/{project}/files/01_Assets")
    choose(page, note)
    page.get_by_role("button", name="Look at note.txt").click()
    page.get_by_label("Preview").get_by_text("a note").first.wait_for()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_download_that_is_refused_is_told_and_leaves_the_page(signed_in, studio, project, tmp_path):
    page = signed_in
    note = tmp_path / "note.txt"
    note.write_text("gone soon")
    page.goto(f"/#/p/{project}/files/01_Assets")
    choose(page, note)
    button = page.get_by_role("button", name="Download: note.txt")
    button.wait_for()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.evaluate("window.isSamePage = true")
    # Somebody takes it away.
    (studio.folder(project) / "01_Assets" / "note.txt").unlink()
    button.click()
    expect(page.locator(".toast-bad")).to_be_visible()
    assert page.evaluate("window.isSamePage")
    expect(page.get_by_role("heading", name="Files")).to_be_visible()
