"""Paints clouds of colour: what a model in a container of the protocol `batch` looks like, with Python's own library only."""
import json
import math
import random
import struct
import sys
import zlib

DATA_ERROR = 65  # from sysexits.h: an exit code from 64 to 78 says that trying again is of no use


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, width, height, rows):
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))))
        file.write(chunk(b"IEND", b""))


def paint(width, height, steps, seed):
    chance = random.Random(seed)
    clouds = [[chance.random() for _ in range(6)] for _ in range(max(1, steps))]
    for y in range(height):
        row = bytearray()
        for x in range(width):
            colour = [0.0, 0.0, 0.0]
            for across, down, size, *tint in clouds:
                distance = math.hypot(x / width - across, y / height - down)
                light = math.exp(-((distance / (0.1 + size / 3)) ** 2))
                colour = [old + light * new for old, new in zip(colour, tint)]
            row += bytes(min(255, int(255 * (1 - math.exp(-value)))) for value in colour)
        yield bytes(row)
        # A line with a JSON object that has `progress` is progress; every other line is the job's log.
        print(json.dumps({"progress": (y + 1) / height, "stage": "painting", "message": f"row {y + 1}"}))


def main():
    with open("/studio/request.json") as file:
        request = json.load(file)
    told = request["parameters"]
    width, height, steps = told.get("width", 256), told.get("height", 144), told.get("steps", 6)
    if width * height > 1 << 22:
        print("the picture is too large for this painter", file=sys.stderr)
        sys.exit(DATA_ERROR)
    print(f"job {request['job']}, attempt {request['attempt']}: {width} by {height}, seed {request['seed']}")
    write_png(request["outputs"]["image"], width, height, paint(width, height, steps, request["seed"]))
    # Optional: what the take's provenance is to say beside what the studio knows itself.
    with open("/studio/outputs/result.json", "w") as file:
        json.dump({"metadata": {"clouds": steps}}, file)


if __name__ == "__main__":
    main()
