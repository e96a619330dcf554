"""A task that makes a picture: what a Python worker of Celery needs to carry out a function of the studio."""

import os
import random
import struct
import zlib

from celery import Celery

url = os.environ["REDIS_URL"]
app = Celery("tasks", broker=url, backend=url)


@app.task(bind=True, name="tasks.gradient")
def gradient(self, job_id, attempt, function, parameters, inputs, outputs, seed, quality, timeout):
    """Writes outputs/image.png; what it raises is the job's failure."""
    width, height = parameters["width"], parameters["height"]
    dice = random.Random(seed)
    left, right = ([dice.randrange(256) for _ in range(3)] for _ in range(2))
    row = bytes(round(a + (b - a) * x / width) for x in range(width) for a, b in zip(left, right))
    self.update_state(state="PROGRESS", meta={"progress": 0.5, "stage": "painting", "log": [f"seed {seed}"]})

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(os.path.join(outputs, "image.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress((b"\0" + row) * height)))
        file.write(chunk(b"IEND", b""))
