"""Clients that listen to a project's events and go on after a loss where they were."""

import collections
import json
import threading

import websockets.exceptions
from stack import AWAY, until
from websockets.sync.client import connect


class Watcher:
    """One listener. What it has seen: for every job the events that told of its success."""

    def __init__(self, url, token, project, context):
        self.url = url.replace("http", "ws", 1) + "/api/v1/events"
        self.token = token
        self.project = project
        self.context = context
        self.newest = None
        self.connections = 0
        self.succeeded = collections.defaultdict(set)
        self.fault = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen_always, daemon=True)

    def __enter__(self):
        self._thread.start()
        until("a listener is connected", lambda: self.connections or self.fault)
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join(60)

    def _listen_always(self):
        try:
            while not self._stopped.is_set():
                try:
                    self._listen()
                except (*AWAY, websockets.exceptions.WebSocketException):
                    # As a page does: after a moment, from where it was.
                    self._stopped.wait(0.3)
        except Exception as fault:  # noqa: BLE001 - told by the test's own thread
            self.fault = fault

    def _listen(self):
        with connect(self.url, additional_headers={"Authorization": f"Bearer {self.token}"}, ssl=self.context, open_timeout=20) as socket:
            order = {"type": "subscribe", "project": self.project}
            socket.send(json.dumps({**order, "since": self.newest} if self.newest else order))
            while not self._stopped.is_set():
                try:
                    event = json.loads(socket.recv(timeout=0.5))
                except TimeoutError:
                    continue
                if event["type"] == "subscribed":
                    self.connections += 1
                    self.newest = self.newest or event["newest"]
                if event["type"] == "error":
                    raise AssertionError(event)
                if "id" in event:
                    self.newest = event["id"]
                if event["type"] == "job.state" and event["state"] == "succeeded":
                    self.succeeded[event["job"]].add(event["id"])
