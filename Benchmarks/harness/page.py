"""How soon somebody sees the page: its sign-in without a cache, and a canvas of 2,000 nodes when they are signed in."""

import json
import statistics
import subprocess

from canvas_run import document
from services import ROOT, request
from stack import EMAIL, PASSWORD, Stack

PYTHON = ROOT / ".studio/web/venv/bin/python"


def studio(stack: Stack, rounds: int) -> dict:
    canvas = f"{stack.url}/api/v1/projects/{stack.project}/canvases/main_canvas"
    request("PUT", canvas, document(2_000), stack.token, If_Match="*")
    order = {"url": stack.url, "email": EMAIL, "password": PASSWORD, "project": stack.project, "rounds": rounds}
    done = subprocess.run(
        [PYTHON, ROOT / "Benchmarks/harness/page_load.py"], input=json.dumps(order), check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    result = {
        view: {what: statistics.median(each[view][what] for each in found) for what in ("painted", "there")}
        for view in found[0]}
    for view, times in result.items():
        print(f"  {view}: first paint {times['painted']:.0f} ms, there {times['there']:.0f} ms", flush=True)
    return result
