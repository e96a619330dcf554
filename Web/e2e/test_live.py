"""The connection: broken, back again, and busy."""

import json

from playwright.sync_api import expect
from work import submit


def test_a_gateway_that_was_away_is_caught_up_with_without_a_reload(signed_in, studio, project, allowed_noise):
    allowed_noise += ["ERR_CONNECTION", "WebSocket", "503", "401"]
    page = signed_in
    page.goto(f"/#/p/{project}/queue")
    expect(page.get_by_role("heading", name="Nothing runs or waits")).to_be_visible()
    page.evaluate("window.isSamePage = true")
    studio.stop_gateway()
    expect(page.get_by_text("The studio cannot be reached")).to_be_visible()
    studio.start_gateway()
    job = submit(studio, project, "SHOT-BACK", "noop", milliseconds=600_000)["id"]
    expect(page.locator(".job")).to_have_count(1)
    expect(page.get_by_text("The studio cannot be reached")).to_have_count(0)
    assert page.evaluate("window.isSamePage")
    studio.call("POST", f"/api/v1/jobs/{job}/cancel")


def test_a_hundred_reports_a_second_drop_no_input(signed_in, studio, project):
    page = signed_in
    job = submit(studio, project, "SHOT-BUSY", "noop", milliseconds=600_000)["id"]
    studio.until("it runs", lambda: studio.call("GET", f"/api/v1/jobs/{job}")["state"] == "running")
    sent = []

    def serve(socket):
        def answer(text):
            command = json.loads(text)
            if command["type"] == "subscribe":
                socket.send(json.dumps({"type": "subscribed", "project": command["project"], "newest": None}))
        socket.on_message(answer)
        sent.append(socket)
    page.route_web_socket("**/api/v1/events", serve)
    page.goto(f"/#/p/{project}/queue")
    page.reload()
    expect(page.locator(".job")).to_have_count(1)
    field = page.get_by_label("Shot, function or id")
    field.click()
    words = "shot-busy is being made"
    for number, letter in enumerate(words):
        # Ten reports and a key each tenth of a second.
        for part in range(10):
            share = (number * 10 + part + 1) / (len(words) * 10)
            sent[-1].send(json.dumps({"type": "job.progress", "project": project, "job": job, "attempt": 1, "progress": share, "stage": "render", "message": "", "at": "2026-01-01T00:00:00.000Z"}))
        page.keyboard.type(letter)
    expect(field).to_have_value(words)
    field.fill("")
    expect(page.locator(".job-standing")).to_contain_text("100 %")
    studio.call("POST", f"/api/v1/jobs/{job}/cancel")


def test_the_start_is_small_and_nothing_comes_from_elsewhere(page, studio, allowed_noise):
    allowed_noise.append("TrustedHTML")
    sizes, hosts = {}, set()

    def seen(response):
        hosts.add(response.url.split("/")[2])
        if "/web/" in response.url or response.url.rstrip("/") == studio.url:
            sizes[response.url] = int(response.headers.get("content-length", "0"))
    page.on("response", seen)
    page.goto("/")
    page.get_by_label("Email").wait_for()
    assert hosts == {studio.url.split("/")[2]}
    assert 30_000 < sum(sizes.values()) <= 200_000, sizes
    for response in (page.request.get("/"),):
        policy = response.headers["content-security-policy"]
        assert "require-trusted-types-for 'script'" in policy and "unsafe" not in policy
    assert "script" in page.evaluate("""() => { try { document.body.innerHTML = '<script>1</script>'; return 'markup'; } catch (error) { return `no script: ${error.name}`; } }""")
