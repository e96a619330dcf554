"""A stream of jobs, and what was promised of them."""

import collections
import itertools
import threading
import time
import urllib.error
import uuid

from stack import AWAY, until

# What people ask for, in turn; `{clip}` is a take made before. A job that is disturbed has attempts enough for it.
KINDS = (
    ("mock-image", {"parameters": {"prompt": "dawn", "width": 64, "height": 36}}),
    ("noop", {"parameters": {"milliseconds": 300}}),
    ("mock-video", {"parameters": {"prompt": "dawn", "seconds": 1, "width": 128, "height": 72}}),
    ("noop", {"parameters": {"milliseconds": 50}}),
    ("transcode", {"parameters": {"width": 64}, "inputs": {"source": "take:{clip}"}}),
)
MAKES_NO_TAKE = {"noop"}


class Stream:
    """People who submit jobs all the time and repeat what was not answered, until the block ends; then every accepted job
    has to have succeeded, once."""

    def __init__(self, stack, project, pause=0.15):
        self.stack = stack
        self.project = project
        self.pause = pause
        self.accepted = {}
        self.fault = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._submit_all, daemon=True)

    def __enter__(self):
        first = self.stack.submit(self.project, "mock-video", parameters=dict(KINDS[2][1]["parameters"]))
        self.accepted[first] = "mock-video"
        self.clip = self.stack.ended(first)["takes"][0]
        self._thread.start()
        # What is to be disturbed is under way.
        self.flows()
        return self

    def __exit__(self, kind, fault, trace):
        self._stopped.set()
        self._thread.join(180)
        if fault is None:
            assert not self._thread.is_alive(), "a submission was not answered"
            assert self.fault is None, self.fault
            self._settle()

    def flows(self, jobs=4, seconds=120):
        """Waits until so many more jobs that are submitted from now on have succeeded."""
        known = set(self.accepted)
        def look():
            assert self.fault is None, self.fault
            fresh = set(self.accepted) - known
            recent = self.stack.ask(f"/api/v1/projects/{self.project}/jobs?state=succeeded&limit=200")["items"]
            return len(fresh & {job["id"] for job in recent}) >= jobs
        until("work goes on", look, seconds)

    def _submit_all(self):
        try:
            for number, (function, body) in enumerate(itertools.cycle(KINDS)):
                if self._stopped.is_set():
                    return
                self._submit(function, body, f"SHOT-{number % 4 + 1:02}0")
                # The pace of people; nothing waits for it.
                self._stopped.wait(self.pause)
        except Exception as fault:  # noqa: BLE001 - told by the test's own thread
            self.fault = fault

    def _submit(self, function, body, shot):
        inputs = {port: value.format(clip=self.clip) for port, value in body.get("inputs", {}).items()}
        order = {"shot": shot, "function": function, "parameters": body["parameters"], "inputs": inputs, "maxAttempts": 10}
        key = uuid.uuid4().hex
        end = time.monotonic() + 150
        while True:
            try:
                receipt = self.stack.call("POST", f"/api/v1/projects/{self.project}/jobs", order, {"idempotency-key": key})
                self.accepted[receipt["id"]] = function
                return
            except urllib.error.HTTPError as refusal:
                if (refusal.code < 500 and refusal.code != 429) or time.monotonic() > end:
                    raise
            except AWAY:
                if time.monotonic() > end:
                    raise
            self._stopped.wait(0.3)

    def _settle(self):
        known = {}
        def look():
            known.update((job["id"], job) for job in self.stack.all(f"/api/v1/projects/{self.project}/jobs"))
            open_ = [job for job in self.accepted if known.get(job, {}).get("state") not in ("succeeded", "failed", "cancelled")]
            return not open_
        until("the end of every accepted job", look, 300)
        failed = [(job, known[job]["state"], known[job].get("failure")) for job in self.accepted if known[job]["state"] != "succeeded"]
        assert failed == []
        expected = {job: 0 if function in MAKES_NO_TAKE else 1 for job, function in self.accepted.items()}
        takes = [take for take in self.stack.all(f"/api/v1/projects/{self.project}/takes")]
        made = collections.Counter(take["job"] for take in takes)
        wrong = {job: made[job] for job, count in expected.items() if made[job] != count}
        assert wrong == {}, "jobs with another number of takes than one"
        numbers = collections.Counter((take["shot"], take["version"], take["number"]) for take in takes)
        assert [number for number, count in numbers.items() if count > 1] == []
        self.stack.audit()
