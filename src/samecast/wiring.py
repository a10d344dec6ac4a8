"""The one place that builds everything: settings in, a Studio out. Also the entry point of the `samecast` command.

Heavy adapters are imported when first used, so that `samecast cast list` answers at once.
"""

import functools
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import resources, util
from pathlib import Path
from typing import TypeVar
from typing import cast as as_type

from samecast.cli import run
from samecast.core.errors import MissingPart
from samecast.core.lexicon import Lexicon
from samecast.library import open_library
from samecast.models.catalogue import read_catalogue
from samecast.ports import (
    AppearanceEncoder,
    Engine,
    FaceEncoder,
    FaceReader,
    Matting,
    Media,
    PersonFinder,
    ReferenceGauge,
)
from samecast.services.casting import Casting
from samecast.services.scoring import Scoring
from samecast.services.shooting import Shooting
from samecast.services.studio import Check, Studio
from samecast.settings import Settings, load_settings

T = TypeVar("T")


def open_studio(settings: Settings | None = None) -> Studio:
    """Build a `Studio` on the library that the settings name, which is opened when first needed."""
    settings = settings or load_settings()
    library = functools.cache(functools.partial(open_library, settings))
    cast, assets = late(lambda: library().cast), late(lambda: library().assets)
    lexicon, catalogue = _lexicon(), read_catalogue()
    media, faces, matting = late(_media), late(_faces), late(_matting)
    scoring = Scoring(
        faces=faces,
        people=late(functools.partial(_people, faces)),
        identity=late(_identity),
        appearance=late(_appearance),
        matting=matting,
        media=media,
        assets=assets,
    )
    engines = {"storyboard": late(functools.partial(_storyboard, faces, matting))}
    return Studio(
        casting=Casting(
            cast=cast,
            assets=assets,
            media=media,
            gauge=late(functools.partial(_gauge, faces)),
            lexicon=lexicon,
        ),
        scoring=scoring,
        shooting=Shooting(
            cast=cast,
            shots=late(lambda: library().shots),
            assets=assets,
            media=media,
            scoring=scoring,
            models={name: (profile, engines[profile.engine]) for name, profile in catalogue.items()},
            lexicon=lexicon,
        ),
        models=catalogue,
        lexicon=lexicon,
        sample=sample_picture,
        check=functools.partial(_check, settings),
        close=lambda: library().close() if library.cache_info().currsize else None,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The `samecast` command. Asked to end (by `kill`, or a closing terminal), it stops as for Ctrl-C, cleanly."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    sys.exit(run(open_studio, arguments))


def sample_picture(name: str) -> Path:
    """One of the public-domain and CC0 photographs in the scikit-image wheel. Raises `MissingPart`."""
    found = util.find_spec("skimage")
    path = Path(found.origin).parent / "data" / name if found and found.origin else None
    if path is None or not path.is_file():
        raise MissingPart(f"The demo's picture '{name}' is missing.", hint="Install it with: pip install scikit-image")
    return path


def _lexicon() -> Lexicon:
    return Lexicon.parse(resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8"))


def late(build: Callable[[], T]) -> T:
    """Something that becomes what `build` returns when first used."""
    return as_type(T, _Late(build))


class _Late:
    def __init__(self, build: Callable[[], object]) -> None:
        self._build = functools.cache(build)

    def __getattr__(self, name: str) -> object:
        return getattr(self._build(), name)


def _check(settings: Settings) -> list[Check]:
    from samecast.checkup import check

    return check(settings)


def _media() -> Media:
    from samecast.media import LocalMedia

    return LocalMedia()


def _faces() -> FaceReader:
    from samecast.vision.faces import MediaPipeFaces

    return MediaPipeFaces()


def _people(faces: FaceReader) -> PersonFinder:
    from samecast.vision.people import BodyFinder

    return BodyFinder(faces)


def _identity() -> FaceEncoder:
    from samecast.vision.identity import DlibIdentity

    return DlibIdentity()


def _appearance() -> AppearanceEncoder:
    from samecast.vision.appearance import HistogramAppearance

    return HistogramAppearance()


def _matting() -> Matting:
    from samecast.vision.matte import SubjectMatte

    return SubjectMatte()


def _gauge(faces: FaceReader) -> ReferenceGauge:
    from samecast.vision.gauge import Gauge

    return Gauge(faces)


def _storyboard(faces: FaceReader, matting: Matting) -> Engine:
    from samecast.models.storyboard.engine import Storyboard

    return Storyboard(faces=faces, matting=matting)
