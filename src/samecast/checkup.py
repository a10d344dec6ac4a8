"""What `samecast doctor` looks at: each part of this installation is really used once, and says how it went."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from samecast.core.errors import SamecastError
from samecast.library import open_library
from samecast.media import LocalMedia
from samecast.ports import EncoderCard, Pixels
from samecast.services.studio import Check
from samecast.settings import Settings

ROOM = 1.0
"""Gigabytes that should be free: a series fills them."""


def check(settings: Settings) -> list[Check]:
    """Look at every part, in the order in which a shot needs them."""
    parts: dict[str, Callable[[], str]] = {
        "library": lambda: _library(settings),
        "disk": lambda: _disk(settings),
        "faces": _faces,
        "identity": lambda: _identity(settings),
        "looks": lambda: _looks(settings),
        "drawing": _drawing,
        "video": _video,
    }
    return [_looked_at(name, look) for name, look in parts.items()]


def _looked_at(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, well=True, said=look())
    except SamecastError as error:
        return Check(name=name, well=False, said=error.message, hint=error.hint)
    except (ImportError, OSError) as error:
        hint = "Install samecast again; docs/install.md lists what each part needs."
        return Check(name=name, well=False, said=" ".join(str(error).split()), hint=hint)


def _library(settings: Settings) -> str:
    library = open_library(settings)
    try:
        return f"{len(library.cast.all())} characters in {settings.home}"
    finally:
        library.close()


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free / 1e9
    if free < ROOM:
        raise OSError(f"only {free:.1f} GB are free at {settings.home}; a series needs more")
    return f"{free:.0f} GB free"


def _faces() -> str:
    from samecast.vision.faces import MediaPipeFaces

    found = MediaPipeFaces().faces(np.zeros((128, 128, 3), dtype=np.uint8))
    return f"MediaPipe ready ({len(found)} faces in a black picture, as it should be)"


def _identity(settings: Settings) -> str:
    """The face encoder in use, with its weights and its calibration, on the face of a photograph."""
    from samecast.vision.encoders import face_encoder
    from samecast.vision.faces import MediaPipeFaces

    encoder, rgb = face_encoder(settings), _photograph("astronaut")
    encoder.encode(rgb, MediaPipeFaces().faces(rgb)[0])
    return _carded(encoder.card)


def _looks(settings: Settings) -> str:
    """The appearance encoder in use, on half a photograph of a cat."""
    from samecast.vision.encoders import appearance_encoder

    encoder, rgb = appearance_encoder(settings), _photograph("chelsea")
    alpha = np.zeros(rgb.shape[:2], np.float32)
    alpha[:, : rgb.shape[1] // 2] = 1
    encoder.encode(rgb, alpha)
    return _carded(encoder.card_for(None))


def _photograph(name: str) -> Pixels:
    """One of those that come with scikit-image."""
    from skimage import data

    return np.asarray(getattr(data, name)(), np.uint8)


def _carded(card: EncoderCard) -> str:
    return f"{card.name} {card.version}, {card.sha256[:12]}, {card.licence}"


def _drawing() -> str:
    import cv2
    import skia

    return f"Skia {skia.__version__}, OpenCV {cv2.__version__} on {cv2.getNumThreads()} threads"


def _video() -> str:
    media = LocalMedia()
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        path = Path(folder) / "check.mp4"
        media.write_clip(path, _grey_frames(), fps=24)
        facts = media.clip_facts(path)
    return f"H.264 written and read back, {facts.width} x {facts.height}"


def _grey_frames() -> Iterator[Pixels]:
    for _ in range(6):
        yield np.full((64, 64, 3), 128, dtype=np.uint8)
