"""Pictures and films without any library: enough of PNG and MP4 that every decoder takes them."""
import struct
import zlib


class Picture:
    """One RGB picture of 8 bits."""

    def __init__(self, width, height, pixels):
        self.width, self.height, self.pixels = width, height, bytes(pixels)

    @classmethod
    def plain(cls, width, height, colour):
        return cls(width, height, colour.to_bytes(3, "big") * (width * height))

    def inverted(self):
        return Picture(self.width, self.height, self.pixels.translate(bytes(255 - i for i in range(256))))

    def scaled(self, width, height):
        """The nearest pixel; a side of 0 keeps the shape."""
        if width == 0 and height == 0:
            return self
        if width == 0:
            width = max(1, round(self.width * height / self.height))
        if height == 0:
            height = max(1, round(self.height * width / self.width))
        rows = []
        for y in range(height):
            start = (y * self.height // height) * self.width
            rows.append(b"".join(
                self.pixels[(start + x * self.width // width) * 3:][:3] for x in range(width)))
        return Picture(width, height, b"".join(rows))

    def png(self, texts=()):
        stride = self.width * 3
        raw = b"".join(b"\0" + self.pixels[y * stride:(y + 1) * stride] for y in range(self.height))
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0))]
        chunks += [(b"tEXt", key.encode() + b"\0" + text.encode("latin-1", "replace")) for key, text in texts]
        chunks += [(b"IDAT", zlib.compress(raw, 1)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks)

    @classmethod
    def read(cls, data):
        """A PNG that is not interlaced, of 8 bits; ValueError for anything else."""
        if data[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("not PNG")
        at, packed, head = 8, b"", None
        while at + 8 <= len(data):
            length, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + length]
            at += 12 + length
            if kind == b"IHDR":
                head = struct.unpack(">IIBBBBB", body)
            elif kind == b"IDAT":
                packed += body
        if head is None or head[2] != 8 or head[3] not in (0, 2, 4, 6) or head[6] != 0:
            raise ValueError("not a PNG that this reads")
        width, height, _, kind = head[:4]
        channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
        raw = zlib.decompress(packed)
        stride, rows, above = width * channels, [], bytes(width * channels)
        for y in range(height):
            line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
            cls._unfilter(raw[y * (stride + 1)], line, above, channels)
            rows.append(line)
            above = line
        flat = b"".join(bytes(row) for row in rows)
        if channels == 3:
            return cls(width, height, flat)
        if channels == 4:
            return cls(width, height, b"".join(flat[i:i + 3] for i in range(0, len(flat), 4)))
        return cls(width, height, b"".join(flat[i:i + 1] * 3 for i in range(0, len(flat), channels)))

    @staticmethod
    def _unfilter(how, line, above, step):
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            up = above[i]
            corner = above[i - step] if i >= step else 0
            if how == 1:
                add = left
            elif how == 2:
                add = up
            elif how == 3:
                add = (left + up) // 2
            elif how == 4:
                guess = left + up - corner
                add = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            else:
                add = 0
            line[i] = (line[i] + add) & 255


def film(pictures, rate):
    """An MP4 whose frames are PNG pictures."""
    def box(kind, *parts):
        body = b"".join(parts)
        return struct.pack(">I", len(body) + 8) + kind + body

    def full(kind, *parts):
        return box(kind, struct.pack(">I", 0), *parts)

    frames = [picture.png() for picture in pictures]
    width, height, count = pictures[0].width, pictures[0].height, len(frames)
    scale = round(rate * 1000)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    head = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2mp41")
    data = box(b"mdat", *frames)
    entry = box(
        b"png ", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HHIIIH", width, height, 0x480000, 0x480000, 0, 1),
        bytes(32), struct.pack(">Hh", 24, -1))
    table = box(
        b"stbl", full(b"stsd", struct.pack(">I", 1), entry), full(b"stts", struct.pack(">III", 1, count, 1000)),
        full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        full(b"stsz", struct.pack(">II", 0, count), *[struct.pack(">I", len(frame)) for frame in frames]),
        full(b"stco", struct.pack(">II", 1, len(head) + 8)))
    media = box(
        b"mdia", full(b"mdhd", struct.pack(">IIIIHH", 0, 0, scale, count * 1000, 0x55C4, 0)),
        full(b"hdlr", bytes(4), b"vide", bytes(12), b"video\0"),
        box(b"minf", box(b"vmhd", struct.pack(">I", 1), bytes(8)),
            box(b"dinf", full(b"dref", struct.pack(">I", 1), box(b"url ", struct.pack(">I", 1)))), table))
    track = box(
        b"trak",
        box(b"tkhd", struct.pack(">IIIIII", 3, 0, 0, 1, 0, count * 1000), bytes(16), matrix,
            struct.pack(">II", width << 16, height << 16)),
        media)
    movie = box(
        b"moov",
        full(b"mvhd", struct.pack(">IIIIIH", 0, 0, scale, count * 1000, 0x10000, 0x100), bytes(10), matrix, bytes(24),
             struct.pack(">I", 2)),
        track)
    return head + data + movie
