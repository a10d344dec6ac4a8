"""Decoding a still picture safely into sRGB: any content in, a `Picture` or one clear `BadMedia` out.

Decides by content, never by suffix; measures the picture before decoding it. Leaves clips to `clips`.
"""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from samecast.core.errors import BadMedia, InvalidInput
from samecast.media.files import MAX_FILE_BYTES, read_regular, shown
from samecast.media.sniffing import HEAD_BYTES, UNKNOWN, Kind, kind_of
from samecast.ports import Picture, Pixels

MAX_PIXELS = 100_000_000
MAX_SIDE = 20_000
MIN_SIDE = 16

_ANIMATED_FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}
_ORIENTATION = 0x0112
_DNG_VERSION = 0xC612
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow's decoders raise on damaged or hostile content. All of them mean the same to the user.
_DECODER_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    EOFError,
    struct.error,
    zlib.error,
)


def read_picture(source: Path | bytes) -> Picture:
    """Decode a still: upright, sRGB, 8 bits, with its alpha only where something is not opaque.

    Damaged, animated, too small (under 16 px a side), too large (over 100 megapixels, 20,000 px a side or 200 MB)
    or foreign content raises `BadMedia`.
    """
    name = "The picture" if isinstance(source, bytes) else shown(source)
    content = source if isinstance(source, bytes) else read_regular(source)
    if not content:
        raise BadMedia(f"{name} is empty.", hint="Its download or copy may have failed: fetch it again.")
    if len(content) > MAX_FILE_BYTES:
        raise BadMedia(f"{name} is over {MAX_FILE_BYTES >> 20} MB.", hint="Save it smaller, for example as a JPEG.")
    kind = kind_of(content[:HEAD_BYTES])
    if kind.family != "image" or not kind.decoders:
        raise _foreign(name, kind)
    # Pillow remarks on damaged notes and on sizes over its own limit; ours are checked below. The filter stays: putting
    # filters back afterwards would undo those that other threads have set meanwhile.
    warnings.filterwarnings("ignore", module=r"PIL\b")
    with _opened(name, content, kind.decoders, kind.name) as image:
        _check_size(name, image)
        _check_still(name, image)
        return _decoded_or_refused(name, kind.name, image)


def fit_picture(picture: Picture, longest: int) -> Picture:
    """The picture reduced so that its longer side is at most `longest` pixels; as it is where it fits already."""
    if longest < 1:
        raise InvalidInput(f"A picture cannot be {longest} pixels long.", hint="Give 1 or more.")
    scale = longest / max(picture.width, picture.height)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    image = Image.fromarray(picture.rgb)
    if picture.alpha is None:
        return Picture(rgb=np.array(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)))
    # With its alpha, Pillow weighs the colours by it: what is hidden does not bleed into what is seen.
    image.putalpha(Image.fromarray(picture.alpha))
    whole = np.array(image.resize(size, Image.Resampling.LANCZOS))
    return Picture(rgb=np.ascontiguousarray(whole[..., :3]), alpha=np.ascontiguousarray(whole[..., 3]))


def _decoded_or_refused(name: str, kind: str, image: Image.Image) -> Picture:
    try:
        return _decoded(image)
    except BadMedia as refused:
        raise BadMedia(f"{name} {refused.message}", hint=refused.hint) from refused
    except _DECODER_FAULTS as fault:
        raise _damaged(name, kind) from fault


def _foreign(name: str, kind: Kind) -> BadMedia:
    if kind.family == "image":
        return BadMedia(f"{name} is {kind.name}, which cannot be read here.", hint=kind.hint)
    return BadMedia(f"{name} is {kind.name}{'' if kind is UNKNOWN else ', not a picture'}.", hint=kind.hint)


def _damaged(name: str, kind: str) -> BadMedia:
    return BadMedia(f"{name} is {kind} that is damaged or cut short.", hint="Save or download it again.")


def _opened(name: str, content: bytes, decoders: tuple[str, ...], kind: str) -> Image.Image:
    """The header only, which every decoder reads before any pixel."""
    try:
        return Image.open(io.BytesIO(content), formats=decoders)
    except Image.DecompressionBombError as bomb:
        raise _too_large(name, "over 170 megapixels") from bomb
    except (KeyError, UnidentifiedImageError) as fault:
        if decoders[0] not in Image.OPEN:
            raise BadMedia(f"{name} is {kind}, which cannot be read here.", hint="Save it as PNG or JPEG.") from fault
        raise _damaged(name, kind) from fault
    except _DECODER_FAULTS as fault:
        raise _damaged(name, kind) from fault


def _too_large(name: str, size: str) -> BadMedia:
    return BadMedia(f"{name} is too large: {size}.", hint="Scale it down to at most 8,000 pixels on its longer side.")


def _check_size(name: str, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_large(name, f"{width} x {height} pixels")
    if min(width, height) < MIN_SIDE:
        raise BadMedia(
            f"{name} is too small: {width} x {height} pixels.",
            hint="Give a picture at least 512 pixels on its shorter side.",
        )


def _check_still(name: str, image: Image.Image) -> None:
    try:
        moving = image.format in _ANIMATED_FORMATS and bool(getattr(image, "is_animated", False))
    except _DECODER_FAULTS:
        # A file too damaged to count its frames: decoding its first frame says the rest.
        moving = False
    if moving:
        raise BadMedia(f"{name} is an animated picture.", hint="Give one frame of it, saved as PNG or JPEG.")


def _decoded(image: Image.Image) -> Picture:
    if image.format == "TIFF" and _DNG_VERSION in getattr(image, "tag_v2", {}):
        raise BadMedia("is a camera's raw file.", hint="Develop it and save it as JPEG or PNG.")
    image.load()
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    colour, alpha = _split(image)
    upright = _UPRIGHT.get(orientation)
    rgb = _to_srgb(colour, profile)
    if upright is not None:
        rgb = rgb.transpose(upright)
        alpha = None if alpha is None else alpha.transpose(upright)
    return Picture(rgb=np.array(rgb, dtype=np.uint8), alpha=_if_seen_through(alpha))


def _if_seen_through(alpha: Image.Image | None) -> Pixels | None:
    if alpha is None:
        return None
    values = np.array(alpha, dtype=np.uint8)
    if not values.any():
        raise BadMedia("is wholly transparent: there is nothing to see.", hint="Save it without transparency.")
    return None if bool((values == 255).all()) else values


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DECODER_FAULTS:
        # The notes are damaged, the picture is not.
        return 1
    return value if isinstance(value, int) else 1


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colour part in a mode a colour profile may speak of (L, RGB, CMYK, LAB), and the alpha part (L)."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image), None
    if image.mode in ("L", "RGB", "CMYK", "LAB") and not image.has_transparency_data:
        return image, None
    if image.has_transparency_data:
        if image.mode in ("LA", "La"):
            straight = image.convert("LA")
            return straight.getchannel(0), straight.getchannel(1)
        straight = image.convert("RGBA")
        return straight.convert("RGB"), straight.getchannel(3)
    return image.convert("RGB"), None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, 32 bits or floats, scaled (never clipped) to 8 bits."""
    values = np.asarray(image).astype(np.float64)
    if not bool(np.isfinite(values).all()) or values.min() < 0:
        raise BadMedia("holds measurements, not a picture.", hint="Save it as an 8-bit PNG.")
    top = 1.0 if image.mode == "F" and values.max() <= 1 else 65535.0
    if image.mode == "F" and 1 < values.max() <= 255:
        top = 255.0
    if values.max() > top:
        raise BadMedia("holds measurements, not a picture.", hint="Save it as an 8-bit PNG.")
    return Image.fromarray(np.rint(values * (255.0 / top)).astype(np.uint8))


def _to_srgb(colour: Image.Image, profile: object) -> Image.Image:
    """Through the embedded profile where there is a usable one; else as sRGB already, and CMYK by the plain formula."""
    if isinstance(profile, bytes) and profile:
        converted = _through_profile(colour, profile)
        if converted is not None:
            return converted
    if colour.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        converted = ImageCms.profileToProfile(colour, lab, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted if converted is not None else colour.convert("RGB")
    return colour.convert("RGB")


_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}


def _through_profile(colour: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[colour.mode]:
            return None
        if colour.mode == "RGB" and (source.profile.profile_description or "").strip().startswith("sRGB"):
            return colour
        return ImageCms.profileToProfile(
            colour,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, *_DECODER_FAULTS):
        # A broken profile is common in the wild and says nothing about the pixels.
        return None
