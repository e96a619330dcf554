"""The tasks of a Python pipeline that the studio's tests let real Celery workers carry out.

Every task takes what the studio gives to a function's task and writes into the folder that it is given. What a task does
besides is said by its parameters, so that one worker serves all tests.
"""

import json
import os
import signal
import struct
import time
import zlib

from celery import Celery
from celery.exceptions import Reject

app = Celery("studio_py")
app.conf.broker_connection_retry_on_startup = True
# Where Redis is away for a moment a worker of the tests is to be back soon.
app.conf.broker_transport_options = {"global_keyprefix": os.environ.get("STUDIO_KEY_PREFIX", "")}
app.conf.result_backend_transport_options = {"global_keyprefix": os.environ.get("STUDIO_RESULT_KEY_PREFIX", "")}


class BadShot(Exception):
    """An exception of the pipeline's own."""


FAILURES = {
    "ValueError": ValueError("strength is negative"),
    "RuntimeError": RuntimeError("the model is not loaded"),
    "BadShot": BadShot("SHOT-010", 3),
    "MemoryError": MemoryError("8 GiB"),
    "Reject": Reject("not a picture", requeue=False),
}


def png(path, width, height, colour):
    """Writes a picture of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes(colour) * width
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(row * height)))
        file.write(chunk(b"IEND", b""))


def wait_for(path):
    """Waits until a test has made a file."""
    while path and not os.path.exists(path):
        time.sleep(0.01)


@app.task(bind=True, name="studio_py.paint")
def paint(self, job_id, attempt, function, parameters, inputs, outputs, seed, quality, timeout):
    """Makes a picture, with progress."""
    told = {"job_id": job_id, "attempt": attempt, "function": function, "quality": quality, "timeout": timeout}
    self.update_state(
        state="PROGRESS",
        meta={"percent": 25, "stage": "painting", "message": "a quarter", "log": [json.dumps(told), f"seed {seed}"]},
    )
    started = parameters.get("started")
    if started:
        with open(started, "a") as file:
            file.write(f"{attempt}\n")
    if parameters.get("die") and attempt <= parameters["die"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if attempt <= parameters.get("holdAttempts", 1):
        wait_for(parameters.get("hold"))
    if parameters.get("fail") and attempt <= parameters.get("failAttempts", 100):
        raise FAILURES[parameters["fail"]]
    self.update_state(state="PROGRESS", meta={"progress": 0.9, "stage": "writing"})
    size = (parameters.get("width", 64), parameters.get("height", 48), (seed % 256, 20 * attempt % 256, 90))
    return make(parameters.get("make", "own"), outputs, inputs, size)


def make(what, outputs, inputs, size):
    """Makes the task's files, in one of the ways that a test asks for."""
    own = os.path.join(outputs, "image.png")
    if what == "named":
        os.makedirs(os.path.join(outputs, "frames"))
        png(os.path.join(outputs, "frames", "last.png"), *size)
        return {"outputs": {"image": "frames/last.png"}, "loss": 0.25}
    if what == "absolute":
        png(os.path.join(outputs, "final.png"), *size)
        return {"outputs": {"image": os.path.join(outputs, "final.png")}}
    if what == "outside":
        png(os.path.join(outputs, "..", "escaped.png"), *size)
        return {"outputs": {"image": "../escaped.png"}}
    if what == "elsewhere":
        return {"outputs": {"image": "/etc/hostname.png"}}
    if what == "link":
        os.symlink(inputs["image"][0], own)
        return None
    if what == "hardlink":
        os.link(inputs["image"][0], own)
        return None
    if what == "text":
        with open(own, "w") as file:
            file.write("no picture at all")
        return None
    if what == "damaged":
        with open(own, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\nnothing")
        return None
    if what == "type":
        png(os.path.join(outputs, "image.tif"), *size)
        return {"outputs": {"image": "image.tif"}}
    if what == "stranger":
        return {"outputs": {"film": "film.mp4"}}
    if what == "nothing":
        return {"outputs": {}}
    png(own, *size)
    return None
