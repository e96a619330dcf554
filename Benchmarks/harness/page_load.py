"""Loads the page in Debian's Chromium, again and again, each time in a browser context without a cache; run by page.py with the
Python of the page's tests. Reads `url`, `email`, `password`, `project` and `rounds` as JSON from standard input, and writes what
each round took, in milliseconds since the navigation began, by the page's own clock."""

import json
import sys

from playwright.sync_api import sync_playwright

# When the first element that matches is there and painted: looked for in every frame, from before the page's own script runs.
WATCH = """(selector) => {
  const look = () => {
    if (!document.querySelector(selector)) return requestAnimationFrame(look);
    requestAnimationFrame(() => { window.measuredAt = performance.now(); });
  };
  requestAnimationFrame(look);
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def seen(page, address: str, selector: str) -> dict:
    page.add_init_script(f"({WATCH})({json.dumps(selector)})")
    page.goto(address)
    at = page.wait_for_function("() => window.measuredAt").json_value()
    # The browser tells of a paint somewhat after it.
    return {"painted": page.wait_for_function(PAINTED).json_value(), "there": at}


def main() -> None:
    order = json.load(sys.stdin)
    url, rounds = order["url"], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"])
        for _ in range(order["rounds"]):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            found = {"sign in": seen(page, f"{url}/", "input[type=email]")}
            page.get_by_label("Email").fill(order["email"])
            page.get_by_label("Password", exact=True).fill(order["password"])
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("heading", name="Projects").wait_for()
            # Signed in, in a tab of its own: as it is on every day but the first.
            found["canvas of 2,000 nodes"] = seen(
                context.new_page(), f"{url}/#/p/{order['project']}/canvas/main_canvas", ".node, .overview")
            rounds.append(found)
            context.close()
        browser.close()
    json.dump(rounds, sys.stdout)


if __name__ == "__main__":
    main()
