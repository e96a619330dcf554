"""A model that paints a sky: Cog's way of saying what it takes and what it makes."""

import json
import random
import struct
import tempfile
import zlib

from cog import BaseRunner, Input, Path


def png(path, width, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))))
        file.write(chunk(b"IEND", b""))


class Runner(BaseRunner):
    def setup(self):
        """Runs once for many pictures: load weights here, from /studio/models/… or from the image."""
        self.horizon = (235, 180, 140)

    def run(
        self,
        width: int = Input(default=640, ge=16, le=4096),
        height: int = Input(default=360, ge=16, le=4096),
        stars: int = Input(default=80, ge=0, le=10000),
        seed: int = Input(default=0),
    ) -> Path:
        dice = random.Random(seed)
        top = [dice.randrange(120) for _ in range(3)]
        rows = []
        for y in range(height):
            share = y / height
            colour = bytes(round(a + (b - a) * share) for a, b in zip(top, self.horizon))
            rows.append(bytearray(colour * width))
            if y % 60 == 0:
                print(json.dumps({"progress": share, "stage": "painting", "message": f"row {y}"}), flush=True)
        for _ in range(stars):
            x, y = dice.randrange(width), dice.randrange(max(1, height // 2))
            rows[y][3 * x : 3 * x + 3] = b"\xff\xff\xff"
        path = f"{tempfile.mkdtemp()}/sky.png"
        png(path, width, rows)
        return Path(path)
