"""What a file is, told from its first bytes and never from its name. Reads nothing, decodes nothing."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

HEAD_BYTES = 4096

Family: TypeAlias = Literal["image", "video", "sound", "other"]

_CONVERT = "Open it and save it as PNG or JPEG."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`name` with its article ("an SVG drawing"); `decoders` are Pillow's for a picture and FFmpeg's for a video.

    None are named for what cannot be decoded here.
    """

    family: Family
    name: str
    decoders: tuple[str, ...] = ()
    hint: str = "Give a PNG, JPEG or WebP picture, or an MP4 clip."


def _image(name: str, *decoders: str) -> Kind:
    return Kind(family="image", name=name, decoders=decoders, hint=_CONVERT)


def _video(container: str) -> Kind:
    hint = "Give a picture: one sharp frame of it, saved as PNG or JPEG."
    return Kind(family="video", name="a video", decoders=(container,), hint=hint)


_SOUND_HINT = "Give a clip that has a picture."

_PREFIXES: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", _image("a PNG picture", "PNG")),
    (b"\xff\xd8\xff", _image("a JPEG picture", "JPEG", "MPO")),
    (b"GIF87a", _image("a GIF picture", "GIF")),
    (b"GIF89a", _image("a GIF picture", "GIF")),
    (b"II*\x00", _image("a TIFF picture", "TIFF")),
    (b"MM\x00*", _image("a TIFF picture", "TIFF")),
    (b"BM", _image("a BMP picture", "BMP")),
    (b"\x00\x00\x00\x0cjP  ", _image("a JPEG 2000 picture", "JPEG2000")),
    (b"\xff\x4f\xff\x51", _image("a JPEG 2000 picture", "JPEG2000")),
    (b"8BPS", _image("a Photoshop document")),
    (b"\xff\x0a", _image("a JPEG XL picture")),
    (b"\x00\x00\x00\x0cJXL ", _image("a JPEG XL picture")),
    (b"\x00\x00\x01\x00", _image("an icon")),
    (b"\x1aE\xdf\xa3", _video("matroska")),
    (b"FLV\x01", _video("flv")),
    (b"OggS", _video("ogg")),
    (b"0&\xb2u\x8ef\xcf\x11", _video("asf")),
    (b"\x00\x00\x01\xba", _video("mpeg")),
    (b"\x00\x00\x01\xb3", _video("mpegvideo")),
    (b"ID3", Kind(family="sound", name="a sound file", hint=_SOUND_HINT)),
    (b"\xff\xfb", Kind(family="sound", name="a sound file", hint=_SOUND_HINT)),
    (b"fLaC", Kind(family="sound", name="a sound file", hint=_SOUND_HINT)),
    (b"%PDF", Kind(family="other", name="a PDF document", hint="Export its page as PNG.")),
    (b"%!PS", Kind(family="other", name="a PostScript drawing", hint="Export it as PNG.")),
    (b"PK\x03\x04", Kind(family="other", name="a ZIP archive", hint="Unpack it and give one picture of it.")),
    (b"\x1f\x8b", Kind(family="other", name="a compressed file", hint="Unpack it first.")),
)

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_OLD_QUICKTIME = {b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"}


def kind_of(head: bytes) -> Kind:
    """What a file beginning with `head` (its first `HEAD_BYTES`, or fewer) is."""
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    return _boxed(head) or _riff(head) or _netpbm_or_transport(head) or _text(head) or UNKNOWN


UNKNOWN = Kind(family="other", name="not a picture or clip of a known format")


def _boxed(head: bytes) -> Kind | None:
    """The ISO base media family: MP4 and QuickTime clips, AVIF and HEIC pictures."""
    if head[4:8] in _OLD_QUICKTIME:
        return _video("mov")
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    size = int.from_bytes(head[:4], "big")
    brands = {brand} | {head[i : i + 4] for i in range(16, min(size, len(head), 256), 4)}
    if brand in (b"avif", b"avis") or (brand in _HEIC_BRANDS and b"avif" in brands):
        return _image("an AVIF picture", "AVIF")
    if brand in _HEIC_BRANDS:
        return Kind(family="image", name="a HEIC picture", hint="Export it as JPEG or PNG: phones and Photos do.")
    if brand in _SOUND_BRANDS:
        return Kind(family="sound", name="a sound file", hint=_SOUND_HINT)
    return _video("mov")


def _riff(head: bytes) -> Kind | None:
    if not head.startswith(b"RIFF"):
        return None
    match head[8:12]:
        case b"WEBP":
            return _image("a WebP picture", "WEBP")
        case b"AVI ":
            return _video("avi")
        case b"WAVE":
            return Kind(family="sound", name="a sound file", hint=_SOUND_HINT)
    return None


def _netpbm_or_transport(head: bytes) -> Kind | None:
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in (b" ", b"\t", b"\n", b"\r"):
        return _image("a PPM picture", "PPM")
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return _video("mpegts")
    return None


def _text(head: bytes) -> Kind | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in start):
        return Kind(family="other", name="an SVG drawing", hint="Export it as PNG.")
    if start.startswith((b"<!doctype html", b"<html")):
        return Kind(family="other", name="a web page", hint="Save the picture itself, not the page it is on.")
    # A cut in the middle of a character is no fault of the text.
    text = head.decode("utf-8", errors="ignore")
    mostly = len(text.encode()) >= len(head) - 4
    if mostly and all(c.isprintable() or c.isspace() for c in text):
        return Kind(family="other", name="a text file")
    return None
