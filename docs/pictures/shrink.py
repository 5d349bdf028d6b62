"""Makes a PNG of a page small: cuts blank margins, and keeps the most frequent colours.

Usage: shrink.py FROM TO TOP, where TOP pixels are cut off above. Nothing but Python's own library.
"""

import struct
import sys
import zlib

# Colours that are kept.
MOST = 64


def read(path):
    """Width, height and rows of RGB triples of an 8-bit PNG without interlacing."""
    data = open(path, "rb").read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colour in (2, 6) and not interlace, (depth, colour, interlace)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    size = 3 if colour == 2 else 4
    raw, line = zlib.decompress(packed), width * size
    rows, before = [], bytearray(line)
    for y in range(height):
        start = y * (line + 1)
        kind, now = raw[start], bytearray(raw[start + 1 : start + 1 + line])
        for x in range(line):
            left = now[x - size] if x >= size else 0
            up = before[x]
            corner = before[x - size] if x >= size else 0
            if kind == 1:
                now[x] = (now[x] + left) & 255
            elif kind == 2:
                now[x] = (now[x] + up) & 255
            elif kind == 3:
                now[x] = (now[x] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
                now[x] = (now[x] + near[2]) & 255
        rows.append([bytes(now[x : x + 3]) for x in range(0, line, size)])
        before = now
    return rows


def count(rows):
    counts = {}
    for row in rows:
        for pixel in row:
            counts[pixel] = counts.get(pixel, 0) + 1
    return sorted(counts, key=lambda pixel: (-counts[pixel], pixel))


def cut(rows):
    """Without what is blank around, but for a margin."""
    blank = count(rows)[0]
    filled = [y for y, row in enumerate(rows) if any(pixel != blank for pixel in row)]
    columns = [x for x in range(len(rows[0])) if any(rows[y][x] != blank for y in filled)]
    top, bottom = max(filled[0] - 12, 0), filled[-1] + 13
    left, right = max(columns[0] - 12, 0), columns[-1] + 13
    return [row[left:right] for row in rows[top:bottom]]


def write(path, rows):
    # The most frequent colours stay as they are; the others, mostly edges of letters, take the nearest of them.
    palette = count(rows)[:MOST]
    nearest = {pixel: pixel for pixel in palette}

    def near(pixel):
        if pixel not in nearest:
            nearest[pixel] = min(palette, key=lambda known: sum((a - b) ** 2 for a, b in zip(known, pixel)))
        return nearest[pixel]

    shown = [[near(pixel) for pixel in row] for row in rows]
    number = {pixel: at for at, pixel in enumerate(palette)}
    depth = 4 if len(palette) <= 16 else 8
    lines = []
    for row in shown:
        line = bytes(number[pixel] for pixel in row)
        if depth == 4:
            line += b"\0" * (len(line) % 2)
            line = bytes(line[x] << 4 | line[x + 1] for x in range(0, len(line), 2))
        lines.append(b"\0" + line)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), depth, 3, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"PLTE", b"".join(palette)))
        file.write(chunk(b"IDAT", zlib.compress(b"".join(lines), 9)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    source, target, top = sys.argv[1:4]
    write(target, cut(read(source)[int(top) :]))
