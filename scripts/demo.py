#!/usr/bin/env python3
"""A first take, told as a client sees it: how to use the studio's HTTP API and its events from Python.

Logs in, makes a project, uploads a clip, submits two jobs, follows their progress over the WebSocket, and prints what
came of them. Needs Python 3.11 and the `websockets` package (Debian: python3-websockets). Any failure ends with
status 1.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websockets


class StudioError(Exception):
    """The studio refused something, in its own words."""


class Studio:
    """The HTTP side of the API. Calls block; the event loop runs them on threads."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.token = ""

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> dict:
        """One request; a JSON body for anything that is not a file. Problems (RFC 9457) become StudioError."""
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None and not hasattr(body, "read"):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            raise StudioError(f"{method} {path}: {describe(refusal)}") from None
        except urllib.error.URLError as fault:
            raise StudioError(f"{method} {path}: {fault.reason}") from None

    def log_in(self, email: str, password: str) -> None:
        answer = self.call("POST", "/api/v1/auth/login", {"email": email, "password": password})
        self.token = answer["accessToken"]

    def create_project(self, name: str, title: str) -> dict:
        return self.call("POST", "/api/v1/projects", {"name": name, "title": title}, idempotency())

    def upload(self, project: str, path: str, file: str) -> None:
        """Streams a file into the project; it is never in memory as a whole."""
        with open(file, "rb") as content:
            size = str(os.fstat(content.fileno()).st_size)
            self.call(
                "PUT", f"/api/v1/projects/{project}/files/{urllib.parse.quote(path)}", content,
                {"Content-Type": "application/octet-stream", "Content-Length": size})

    def submit(self, project: str, job: dict) -> dict:
        """Submits a job. Repeating the request with the same key is safe: it answers with the same job."""
        return self.call("POST", f"/api/v1/projects/{project}/jobs", job, idempotency())


def idempotency() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def describe(refusal: urllib.error.HTTPError) -> str:
    """A problem document as one line."""
    try:
        problem = json.loads(refusal.read())
        findings = "; ".join(f"{each['pointer']} {each['detail']}" for each in problem.get("errors", []))
        return f"{problem['status']} {problem['title']}: {problem.get('detail', '')} {findings}".strip()
    except (ValueError, KeyError, TypeError):
        return f"{refusal.code} {refusal.reason}"


class Bars:
    """One line a job: redrawn in place on a terminal, printed by steps elsewhere."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.drawn = 0
        self.live = sys.stdout.isatty()

    def add(self, job: str, title: str) -> None:
        self.rows.setdefault(job, {"title": title, "done": 0.0, "note": "queued", "printed": -1})
        self.draw(job)

    def show(self, job: str, done: float | None = None, note: str = "") -> None:
        if (row := self.rows.get(job)) is None:
            return
        row["done"] = row["done"] if done is None else done
        row["note"] = note or row["note"]
        self.draw(job)

    def draw(self, job: str) -> None:
        if self.live:
            if self.drawn:
                sys.stdout.write(f"\x1b[{self.drawn}A")
            for row in self.rows.values():
                sys.stdout.write("\x1b[2K" + self.line(row) + "\n")
            self.drawn = len(self.rows)
        else:
            row = self.rows[job]
            step = (int(row["done"] * 4), row["note"].split(" ")[0])
            if step != row["printed"]:
                row["printed"] = step
                print(self.line(row))
        sys.stdout.flush()

    @staticmethod
    def line(row: dict) -> str:
        full = int(row["done"] * 30)
        return f"  {row['title']:<24} [{'#' * full}{'.' * (30 - full)}] {row['done']:4.0%}  {row['note']}"


class Events:
    """The project's events. After a broken connection it asks for what came since the last one it saw."""

    def __init__(self, studio: Studio, project: str) -> None:
        self.studio = studio
        self.project = project
        self.newest: str | None = None
        self.subscribed = asyncio.Event()

    async def __aiter__(self):
        url = "ws" + self.studio.url.removeprefix("http") + "/api/v1/events"
        while True:
            try:
                async with websockets.connect(
                        url, subprotocols=["studio.v1", f"bearer.{self.studio.token}"], max_size=65536) as socket:
                    request = {"type": "subscribe", "project": self.project}
                    if self.newest:
                        request["since"] = self.newest
                    await socket.send(json.dumps(request))
                    async for frame in socket:
                        event = json.loads(frame)
                        if event["type"] == "subscribed":
                            self.subscribed.set()
                        elif event["type"] == "error":
                            raise StudioError(f"events: {event.get('code')} {event.get('detail')}")
                        else:
                            self.newest = event.get("id", self.newest)
                            yield event
            except (websockets.ConnectionClosed, OSError):
                await asyncio.sleep(0.5)


async def follow(events: Events, bars: Bars, finished: dict[str, dict], changed: asyncio.Event) -> None:
    """Draws what the events say; notes the last state of each job."""
    async for event in events:
        job = event.get("job", "")
        if event["type"] == "job.progress":
            left = f", {event['etaSeconds']:.0f} s left" if event.get("etaSeconds") else ""
            bars.show(job, event["progress"], f"{event.get('stage', 'running')}{left}")
        elif event["type"] == "job.state":
            done = 1.0 if event["state"] == "succeeded" else None
            bars.show(job, done, event["state"])
            if event["state"] in ("succeeded", "failed", "cancelled"):
                finished[job] = event
                changed.set()


async def wait_for(jobs: list[str], finished: dict[str, dict], changed: asyncio.Event) -> None:
    while not all(job in finished for job in jobs):
        await changed.wait()
        changed.clear()


def facts(take: dict) -> list[str]:
    """What ffprobe would say, from the take's own record."""
    probe = take.get("probe") or {}
    lines = []
    for stream in probe.get("streams", []):
        what = [stream.get("kind", ""), stream.get("codec", "")]
        if stream.get("width"):
            what.append(f"{stream['width']}x{stream['height']}")
        for key, unit in (("frameRate", "fps"), ("frameCount", "frames"), ("pixelFormat", ""), ("colourMatrix", ""),
                          ("sampleRate", "Hz"), ("channelLayout", "")):
            if stream.get(key):
                what.append(f"{stream[key]} {unit}".strip())
        lines.append(f"stream {stream.get('index', '?')}: " + ", ".join(part for part in what if part))
    duration = probe.get("durationSeconds")
    length = f", {duration:.2f} s" if isinstance(duration, (int, float)) else ""
    lines.append(f"{probe.get('container', '?')}{length}, {take.get('sizeBytes', '?')} bytes, sha256 {take['sha256'][:16]}…")
    return lines


def file_name(path: str) -> str:
    """A name the studio accepts for an upload: plain letters, digits, dots, dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", os.path.basename(path)).lstrip(".-") or "clip"


async def demonstrate(options: argparse.Namespace) -> None:
    studio = Studio(options.url)
    await asyncio.to_thread(studio.log_in, options.email, options.password)
    me = await asyncio.to_thread(studio.call, "GET", "/api/v1/me")
    user = me.get("user") if isinstance(me.get("user"), dict) else me
    print(f"Logged in as {user.get('email', options.email)}.")

    project = f"demo-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
    await asyncio.to_thread(studio.create_project, project, "The first take")
    source = f"01_Assets/Media/Video/{file_name(options.media)}"
    await asyncio.to_thread(studio.upload, project, source, options.media)
    print(f"Project {project}: {os.path.basename(options.media)} is uploaded.\n")

    bars, finished, changed = Bars(), {}, asyncio.Event()
    events = Events(studio, project)
    follower = asyncio.create_task(follow(events, bars, finished, changed))
    try:
        # Subscribed before anything is submitted, no event can be missed.
        await asyncio.wait_for(events.subscribed.wait(), 15)
        jobs = {}
        for job in (
            {"shot": "SHOT-010", "function": "mock-video", "quality": "standard",
             "parameters": {"prompt": options.prompt, "seconds": options.seconds, "seed": options.seed}},
            {"shot": "SHOT-020", "function": "transcode", "parameters": {}, "inputs": {"source": source}},
        ):
            answer = await asyncio.to_thread(studio.submit, project, job)
            jobs[answer["id"]] = answer
            bars.add(answer["id"], f"{job['shot']} {job['function']}")
            if answer["id"] in finished:
                bars.show(answer["id"], 1.0, finished[answer["id"]]["state"])
        ending = asyncio.create_task(wait_for(list(jobs), finished, changed))
        await asyncio.wait({ending, follower}, timeout=options.timeout, return_when=asyncio.FIRST_COMPLETED)
        if follower.done():
            follower.result()
        if not ending.done():
            ending.cancel()
            raise StudioError(f"the jobs did not finish within {options.timeout} s")
    finally:
        follower.cancel()

    print()
    for job in jobs:
        record = await asyncio.to_thread(studio.call, "GET", f"/api/v1/jobs/{job}")
        if record["state"] != "succeeded":
            failure = record.get("failure") or {}
            raise StudioError(f"job {job} {record['state']}: {failure.get('code')}: {failure.get('message')}")
        for made in record["takes"]:
            take = await asyncio.to_thread(studio.call, "GET", f"/api/v1/takes/{made}")
            show_take(take, os.path.join(options.workspace, "Projects", project))
    show_history(os.path.join(options.workspace, "Projects", project))


def show_take(take: dict, folder: str) -> None:
    path = os.path.join(folder, take["path"])
    print(f"Take  {path}")
    for line in facts(take):
        print(f"      {line}")
    if not os.path.isfile(path):
        raise StudioError(f"the take's file is not there: {path}")


def show_history(folder: str) -> None:
    print(f"\nHistory of {folder}:")
    subprocess.run(["git", "-C", folder, "--no-pager", "log", "--format=  %h  %an  %s"], check=True)
    status = subprocess.run(
        ["git", "-C", folder, "status", "--porcelain"], check=True, capture_output=True, text=True).stdout
    pointers = subprocess.run(
        ["git", "-C", folder, "lfs", "ls-files"], check=True, capture_output=True, text=True).stdout
    print("\nIn Git LFS:")
    print("".join(f"  {line}\n" for line in pointers.splitlines()), end="")
    if status:
        raise StudioError(f"the project is not clean:\n{status}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--email", default=os.environ.get("STUDIO_ADMIN_EMAIL"))
    parser.add_argument("--media", required=True, help="a film to upload and to transcode")
    parser.add_argument("--workspace", required=True, help="the workspace's folder, to show files and history")
    parser.add_argument("--prompt", default="dawn over a harbour")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--timeout", type=float, default=300)
    options = parser.parse_args()
    # A password on a command line could be read by everyone on the machine.
    options.password = os.environ.get("STUDIO_ADMIN_PASSWORD", "")
    if not options.email or not options.password:
        parser.error("set STUDIO_ADMIN_EMAIL and STUDIO_ADMIN_PASSWORD")
    try:
        asyncio.run(demonstrate(options))
    except (StudioError, OSError, subprocess.CalledProcessError, asyncio.TimeoutError) as fault:
        print(f"\nThe demo failed: {fault or 'timed out'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
