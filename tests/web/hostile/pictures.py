"""Things that are handed in as a picture, and are none, or more than one, or far more than they seem."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

MARK = b"<script>window.pwned='picture'</script>"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *more: bytes, depth: int = 8, colour: int = 2, content: bytes | None = None) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"") if content is None else content)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixels + _chunk(b"IEND", b"")


def _zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def real(kind: str = "PNG", **how: object) -> bytes:
    """A picture that is one."""
    rows, columns = np.mgrid[0:256, 0:256]
    rgb = np.stack((rows, columns, (rows * columns) % 256), axis=-1).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind, **how)
    return out.getvalue()


def _moving(kind: str) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (n * 20, 0, 0)) for n in range(5)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def _tiff(*entries: tuple[int, int, int, int], then: int = 0) -> bytes:
    """A directory of tags (tag, type, count, value), and where the next one is."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + struct.pack("<I", then)


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"../../etc/cron.d/{number}", bytes(5 << 20))
    return out.getvalue()


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">' + b"".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">'.encode() for n in range(9)
)
FRAMES = [
    (256, 4, 1, 64),
    (257, 4, 1, 64),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (273, 4, 1, 8),
    (279, 4, 1, 64),
]

REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\x89",
    "noise": lambda: bytes(range(256)) * 64,
    "a PNG of two thousand million pixels": lambda: _png(46_000, 46_000, depth=1, colour=0, content=_zeros(1)),
    "a PNG with the largest sides there are": lambda: _png(0x7FFFFFFF, 0x7FFFFFFF),
    "a PNG without a side": lambda: _png(0, 0),
    "a PNG a hair too long": lambda: _png(20_001, 100),
    "a PNG that inflates to 300 MB": lambda: _png(1000, 10, content=_zeros(300)),
    "a PNG whose text inflates to 200 MB": lambda: _png(64, 64, _chunk(b"zTXt", b"a\0\0" + _zeros(200))),
    "a PNG whose colour profile inflates to 200 MB": lambda: _png(64, 64, _chunk(b"iCCP", b"a\0\0" + _zeros(200))),
    "a PNG of four thousand million chunks": lambda: b"\x89PNG\r\n\x1a\n" + _chunk(b"tEXt", b"a\0b") * 50_000,
    "a PNG cut short": lambda: real()[:400],
    "a PNG with a broken sum": lambda: real().replace(b"IDAT", b"IDAX", 1),
    "a JPEG cut short": lambda: real("JPEG")[:600],
    "a JPEG of the largest size": lambda: real("JPEG").replace(
        b"\x08" + struct.pack(">HH", 256, 256), b"\x08" + struct.pack(">HH", 65500, 65500)
    ),
    "a moving PNG": lambda: _moving("PNG"),
    "a moving GIF": lambda: _moving("GIF"),
    "a moving WebP": lambda: _moving("WEBP"),
    "a GIF of the largest size": lambda: (
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0)
        + bytes(6)
        + b","
        + bytes(4)
        + struct.pack("<HHB", 65535, 65535, 0)
        + b"\x02\x02\x44\x01\x00;"
    ),
    "a GIF that is a script": lambda: b"GIF89a/*" + MARK + b"*/=1;",
    "a TIFF whose directories lead in a circle": lambda: _tiff(*FRAMES, then=8),
    "a TIFF of a million strips": lambda: _tiff(*FRAMES[:5], (273, 4, 0xFFFFFFF, 8), (279, 4, 0xFFFFFFF, 8)),
    "a TIFF of the largest size": lambda: _tiff((256, 4, 1, 0xFFFFFFF0), (257, 4, 1, 0xFFFFFFF0), *FRAMES[2:]),
    "a TIFF with a directory nowhere": lambda: b"II*\0\xff\xff\xff\x7f",
    "a TIFF of 60,000 tags": lambda: _tiff(*[(n, 4, 1, 0) for n in range(60_000)]),
    "a BMP of the largest size": lambda: (
        b"BM"
        + struct.pack("<IHHI", 99, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 0x7FFFFFF, 0x7FFFFFF, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "a WebP of the largest size": lambda: b"RIFF\x1c\0\0\0WEBPVP8L\x0f\0\0\0\x2f\xff\xff\xff\x0f" + bytes(11),
    "a portable pixmap of the largest size": lambda: b"P6\n99999 99999\n255\n",
    "an icon that is none": lambda: b"\0\0\1\0\xff\xff" + bytes(9000),
    "a photographer's raw file": lambda: _tiff((0xC612, 1, 4, 0x01040000), *FRAMES),
    "an SVG with a script": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1">' + MARK + b"</svg>"
    ),
    "an SVG that loads a picture": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="{trap}/svg.png"/></svg>'
    ),
    "an SVG that reads a file": lambda: (
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
    ),
    "a thousand million laughs": lambda: LAUGHS + b"]><lolz>&j;</lolz>",
    "a page": lambda: b"<!doctype html><html>" + MARK,
    "a page with a byte order mark": lambda: b"\xef\xbb\xbf<!doctype html>" + MARK,
    "a script": lambda: b"#!/bin/sh\ncat /etc/passwd\n",
    "a program": lambda: b"\x7fELF" + bytes(4000),
    "PostScript that runs": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n",
    "a PDF": lambda: b"%PDF-1.7\n1 0 obj<</OpenAction<</S/URI/URI({trap}/pdf)>>>>endobj\n",
    "a metafile": lambda: b"\xd7\xcd\xc6\x9a" + bytes(900),
    "an address": lambda: b"{trap}/address.png",
    "the address of a file": lambda: b"file:///etc/passwd",
    "a path": lambda: b"/etc/passwd",
    "a playlist": lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{trap}/list.ts\n#EXT-X-ENDLIST\n",
    "a list of files to be joined": lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\nfile '{trap}/concat.mp4'\n",
    "a reference to another film": lambda: (
        b"\0\0\0\x20ftypqt  " + bytes(20) + b"\0\0\0\x30moov\0\0\0\x28rmra" + b"{trap}/film.mov"
    ),
    "a zip bomb": _zip_bomb,
    "a gzip bomb": lambda: gzip.compress(bytes(100 << 20)),
    "a picture in gzip": lambda: gzip.compress(real()),
    "a pickle": lambda: (
        b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    ),
    "an array": lambda: b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (9,), }" + b" " * 60,
    "two pixels": lambda: _png(1, 2),
    "a form": lambda: (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../x.png"\r\n\r\n' + real() + b"\r\n--x--"
    ),
}
"""`{trap}` stands for an address that counts who comes."""

TAKEN: dict[str, Callable[[], bytes]] = {
    "a JPEG that is a page too": lambda: real("JPEG") + b"<!doctype html>" + MARK,
    "a JPEG with a page as its comment": lambda: real("JPEG", comment=MARK),
    "a JPEG that is an archive too": lambda: real("JPEG") + _zip_bomb()[:5000] + MARK,
    "a PNG with a script in its text": lambda: (
        real().replace(b"IDAT", b"IDAT", 1)[:33] + _chunk(b"tEXt", b"Comment\0" + MARK) + real()[33:]
    ),
    "a PNG with a script after its end": lambda: real() + MARK,
    "a WebP with a script in its notes": lambda: real("WEBP", exif=b"Exif\0\0" + MARK),
}
"""Pictures that are pictures: their pixels are taken, and nothing else of them is ever handed out."""
