"""The model that the studio's tests let the real Cog server serve.

What it does besides making a small picture is said by its inputs, and by the environment where it is about loading.
"""

import os
import struct
import sys
import tempfile
import time
import uuid
import zlib
from typing import Any, List, Optional

from cog import BaseRunner, Input, Path


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
    return Path(path)


class Predictor(BaseRunner):
    def setup(self):
        print("loading the model")
        loading = os.environ.get("TEST_SETUP", "")
        if loading == "fail":
            raise RuntimeError("the weights are missing")
        if loading == "die":
            os._exit(9)
        if loading == "hang":
            time.sleep(1_000_000)
        while loading.startswith("/") and not os.path.exists(loading):
            time.sleep(0.01)
        self.model = uuid.uuid4().hex
        print("loaded")

    def healthcheck(self):
        return not os.path.exists(os.environ.get("TEST_ILL", "/nowhere"))

    def run(
        self,
        prompt: str = "a lake",
        width: int = Input(default=64, ge=1, le=8192),
        height: int = 48,
        seed: int = 0,
        steps: int = 4,
        mode: str = "paint",
        make: str = "picture",
        hold: str = "",
        image: Optional[Path] = None,
        images: Optional[List[Path]] = None,
        notes: str = "",
        strength: float = 0.5,
    ) -> Any:
        print(f"model {self.model}")
        print(f"seed {seed}, prompt {prompt!r}, strength {strength}, notes {notes!r}")
        for path in [image] * bool(image) + (images or []):
            print(f"input of {os.path.getsize(path)} bytes at {path}")
        for step in range(steps):
            print(f"{100 * (step + 1) // steps}%|##| {step + 1}/{steps} [00:01<00:02]", file=sys.stderr, flush=True)
            time.sleep(0.05)
        self.record_metric("progress", 0.75)
        print("at work", flush=True)
        while hold and not os.path.exists(hold):
            time.sleep(0.01)
        self.behave(mode)
        return self.made(make, os.path.join(tempfile.mkdtemp(), "made"), width, height, seed)

    def behave(self, mode):
        while mode == "wait":
            time.sleep(0.01)
        while mode == "ignore":
            try:
                time.sleep(0.01)
            except BaseException:
                pass
        if mode == "die":
            os._exit(3)
        if mode == "raise":
            raise ValueError("strength is\nnegative")
        if mode == "memory":
            raise MemoryError("8 GiB")
        if mode == "reach":
            import socket

            for place in [("1.1.1.1", 53), ("169.254.169.254", 80), ("172.17.0.1", 22)]:
                try:
                    socket.create_connection(place, timeout=2).close()
                    print(f"reached {place[0]}")
                except OSError as error:
                    print(f"no way to {place[0]}: {error.strerror}")
            for path in ["/made", "/studio/inputs/made", "/studio/made"]:
                try:
                    open(path, "w").close()
                    print(f"wrote {path}")
                except OSError as error:
                    print(f"no writing {path}: {error.strerror}")
            print(f"user {os.getuid()}, interfaces {sorted(name for _, name in socket.if_nameindex())}")
        if mode == "grow":
            kept = []
            while True:
                kept.append(bytearray(os.urandom(1 << 20)) * 16)

    def made(self, make, path, width, height, seed):
        colour = (seed % 256, 90, 40)
        if make == "list":
            return [png(f"{path}-{number}.png", width, height, colour) for number in range(2)]
        if make == "object":
            return {"image": png(path + ".png", width, height, colour), "caption": "a lake", "loss": 0.25, "more": [1]}
        if make == "text":
            return "A lake.\nNo wind."
        if make == "number":
            return 0.5
        if make == "json":
            return {"boxes": [[0, 1, 2, 3]], "label": "lake"}
        if make == "nothing":
            return Path("/nowhere.png")
        if make == "address":
            return "https://example.com/image.png"
        if make == "liar":
            with open(path + ".png", "w") as file:
                file.write("no picture at all")
            return Path(path + ".png")
        if make == "large":
            with open(path + ".png", "wb") as file:
                file.write(b"\x89PNG\r\n\x1a\n" + os.urandom(width << 20))
            return Path(path + ".png")
        return png(path + ".png", width, height, colour)
