"""The one place that builds everything: settings in, a Studio out. Also the entry point of the `samecast` command.

Heavy adapters are imported when first used, so that `samecast cast list` answers at once.
"""

import functools
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from typing import cast as as_type

from samecast.cli import run
from samecast.core.errors import MissingPart
from samecast.core.kinds import Kinds
from samecast.core.lexicon import Lexicon
from samecast.core.prompt_pack import PromptPack
from samecast.core.sightings import Limits
from samecast.library import Library, open_library
from samecast.models.keys import UserKeys
from samecast.models.shelf import Shelf
from samecast.ports import (
    AnchorReader,
    Box,
    ClothingReader,
    CopyReader,
    EncoderCard,
    FaceReader,
    Matting,
    Media,
    PersonFinder,
    Pixels,
    ReferenceGauge,
    ReportPage,
    moving,
)
from samecast.ports.creations import LookReader
from samecast.ports.keeping import Upkeep
from samecast.ports.moving import Places, SchemaKeeper
from samecast.ports.plugins import Parts
from samecast.ports.serving import Place
from samecast.ports.travelling import Archives
from samecast.production import DurableProduction, Lookout, Steps, this_machine
from samecast.services.casting import Casting
from samecast.services.closeups import Closeups
from samecast.services.comparing import Comparing
from samecast.services.concluding import Concluding
from samecast.services.creations import Creations
from samecast.services.drafting import Drafting
from samecast.services.encoders import Encoders
from samecast.services.estimating import Estimating
from samecast.services.fitting import Fitting
from samecast.services.keeping import Keeping
from samecast.services.keyframing import Keyframing
from samecast.services.licensing import Licensing
from samecast.services.making import Making, Models
from samecast.services.modelling import Modelling
from samecast.services.moving import Moving
from samecast.services.picking import Picking
from samecast.services.producing import Producing
from samecast.services.prompting import Prompting
from samecast.services.receiving import Receiving
from samecast.services.reporting import Reporting
from samecast.services.retaking import Retaking
from samecast.services.scoring import Scoring
from samecast.services.screen_testing import ScreenTesting
from samecast.services.sending import Sending
from samecast.services.sheeting import Sheeting
from samecast.services.shooting import Crew, Shooting
from samecast.services.showing import Showing
from samecast.services.studio import Check, Studio
from samecast.services.subjects import Eyes
from samecast.services.travelling import Travelling
from samecast.services.watching import Look
from samecast.settings import Settings, load_settings

if TYPE_CHECKING:
    from samecast.vision.encoders import EncoderRegistry

T = TypeVar("T")


def open_studio(settings: Settings | None = None, more_models: Models | None = None) -> Studio:
    """Build a `Studio` on the library that the settings name, which is opened when first needed.

    `more_models` come beside those of the catalogue: each with its profile and the engine that runs it.
    """
    settings = settings or load_settings()
    library = functools.cache(functools.partial(open_library, settings))
    cast, assets = late(lambda: library().cast), late(lambda: library().assets)
    lexicon = _lexicon()
    media, faces, matting = late(_media), late(_faces), late(_matting)
    registry = late(functools.partial(_encoders, settings))
    identity = late(lambda: registry.faces(registry.in_use("face")))
    eyes = Eyes(
        faces=faces,
        people=late(functools.partial(_people, faces)),
        identity=identity,
        appearance=late(lambda: registry.subjects(registry.in_use("appearance"))),
        matting=matting,
        clothing=late(_clothing),
        anchors=late(functools.partial(_anchors, lexicon)),
        copies=late(_copies),
        sharpness=_sharpness,
        media=media,
    )
    limits = late(lambda: _limits(identity.card))
    scoring = Scoring(eyes=eyes, assets=assets, kinds=late(_kinds), limits=limits)
    parts = Parts(home=settings.home, keys=UserKeys(), faces=faces, matting=matting)
    models = Shelf(parts=parts, file=settings.models_file, more=more_models)
    licensing = Licensing(use=settings.use, file=settings.licences_file)
    work, shots = late(lambda: library().work), late(lambda: library().shots)
    workers = late(lambda: library().workers)
    profiles = models.profiles
    creations = Creations(creations=late(lambda: library().creations), assets=assets, media=media, looks=late(_looks))
    making = Making(
        work=work,
        assets=assets,
        media=media,
        scoring=scoring,
        models=models,
        remember=creations.remember_look,
    )
    concluding = Concluding(
        work=work, shots=shots, assets=assets, media=media, making=making, models=models, machine=this_machine()
    )
    production = late(
        functools.partial(
            _production,
            settings,
            Steps(
                making=making,
                concluding=concluding,
                work=work,
                shots=shots,
                workers=workers,
                census=late(lambda: library().census),
            ),
        )
    )
    loras = late(lambda: library().loras)
    modelling = Modelling(models=models, shelf=models, licensing=licensing, keys=UserKeys())
    casting = Casting(
        cast=cast,
        assets=assets,
        media=media,
        gauge=late(functools.partial(_gauge, faces)),
        lexicon=lexicon,
    )
    shooting = Shooting(
        cast=cast,
        shots=shots,
        assets=assets,
        media=media,
        crew=Crew(making=making, concluding=concluding),
        licensing=licensing,
        loras=loras,
        lexicon=lexicon,
    )
    keyframing = Keyframing(shooting=shooting, models=models)
    return Studio(
        casting=casting,
        scoring=scoring,
        reporting=Reporting(scoring=scoring, media=media, page=late(_report_page)),
        encoders=Encoders(shelf=registry, media=media, faces=faces, matting=matting),
        shooting=shooting,
        keyframing=keyframing,
        drafting=Drafting(casting=casting, shooting=shooting, assets=assets, models=models, lexicon=lexicon),
        screen_testing=ScreenTesting(
            casting=casting, cast=cast, shooting=shooting, assets=assets, media=media, models=models
        ),
        sheeting=Sheeting(casting=casting, shooting=shooting, assets=assets, media=media, models=models),
        producing=Producing(
            production=production,
            work=work,
            shots=shots,
            making=making,
            concluding=concluding,
            logged=bool(settings.log),
        ),
        picking=Picking(shots=shots, concluding=concluding),
        retaking=Retaking(work=work, shooting=shooting, keyframing=keyframing, assets=assets, models=models),
        estimating=Estimating(work=work),
        travelling=Travelling(
            cast=cast,
            papers=late(lambda: library().papers),
            assets=assets,
            media=media,
            archives=late(_archives),
        ),
        creations=creations,
        keeping=Keeping(open_upkeep=lambda: _upkeep(library())),
        moving=Moving(
            places=late(functools.partial(_places, settings)),
            schema=late(functools.partial(_schema, settings)),
            archives=late(lambda: _library_archives(library())),
            migrate_queues=lambda: production.migrate(),
        ),
        watching=Look(
            shots=shots, work=work, workers=workers, models=profiles, missing=Lookout(workers=workers).missing
        ),
        models=profiles,
        fitting=Fitting(cast=cast, loras=loras, assets=assets, models=models),
        modelling=modelling,
        comparing=Comparing(results=late(lambda: library().results), modelling=modelling),
        prompting=Prompting(
            pack=late(functools.partial(_prompts, lexicon)),
            stills=resources.files("samecast.core").joinpath("stills"),
            models=profiles,
            casting=casting,
            lexicon=lexicon,
            media=media,
        ),
        lexicon=lexicon,
        closeups=Closeups(scoring=scoring, eyes=eyes, limits=limits, assets=assets),
        showing=Showing(assets=assets, media=media, folder=settings.studio_folder / "copies"),
        receiving=Receiving(media=media, folder=settings.studio_folder / "incoming", faces=faces),
        sending=Sending(folder=settings.studio_folder / "outgoing"),
        serve=functools.partial(_serve, settings),
        home=settings.home,
        sample=sample_picture,
        check=functools.partial(_check, settings),
        close=functools.partial(_close, library, production),
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


def _production(settings: Settings, steps: Steps) -> DurableProduction:
    return DurableProduction(settings=settings, steps=steps)


def _lexicon() -> Lexicon:
    return Lexicon.parse(resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8"))


def _prompts(lexicon: Lexicon) -> PromptPack:
    text = resources.files("samecast.core").joinpath("prompts.toml").read_text(encoding="utf-8")
    return PromptPack.parse(text, lexicon)


def _kinds() -> Kinds:
    return Kinds.parse(resources.files("samecast.core").joinpath("kinds.toml").read_text(encoding="utf-8"))


def _close(library: "functools._lru_cache_wrapper[Library]", production: DurableProduction) -> None:
    """Let go of what was opened, and open nothing for that."""
    if opened(production):
        production.close()
    if library.cache_info().currsize:
        library().close()


def late(build: Callable[[], T]) -> T:
    """Something that becomes what `build` returns when first used."""
    return as_type(T, _Late(build))


class _Late:
    def __init__(self, build: Callable[[], object]) -> None:
        self._build = functools.cache(build)

    def __getattr__(self, name: str) -> object:
        return getattr(self._build(), name)


def opened(thing: object) -> bool:
    """Whether something `late` was built by now."""
    return isinstance(thing, _Late) and thing._build.cache_info().currsize > 0


def _serve(settings: Settings, studio: Studio, place: Place) -> None:
    from samecast.web.serving import serve

    serve(studio, replace(place, password=place.password or settings.studio_password), settings.studio_folder)


def _check(settings: Settings) -> list[Check]:
    from samecast.checkup import check

    return check(settings)


def _media() -> Media:
    from samecast.media import LocalMedia

    return LocalMedia()


def _faces() -> FaceReader:
    from samecast.vision.faces import MediaPipeFaces

    return MediaPipeFaces()


def _archives() -> Archives:
    from samecast.media.archives import ZipArchives

    return ZipArchives()


def _looks() -> LookReader:
    from samecast.vision.looks import LayoutLooks

    return LayoutLooks()


def _upkeep(library: Library) -> Upkeep:
    from samecast.library.keeping import open_upkeep

    return open_upkeep(library.database, library.assets)


def _places(settings: Settings) -> Places:
    from samecast.library.moving import OtherPlaces

    return OtherPlaces(settings=settings)


def _schema(settings: Settings) -> SchemaKeeper:
    from samecast.library.moving import LibrarySchema

    return LibrarySchema(settings=settings)


def _library_archives(library: Library) -> moving.Archives:
    from samecast.library.archive import LibraryArchives

    return LibraryArchives(database=library.database, assets=library.assets)


def _people(faces: FaceReader) -> PersonFinder:
    from samecast.vision.people import BodyFinder

    return BodyFinder(faces)


def _encoders(settings: Settings) -> "EncoderRegistry":
    from samecast.vision.encoders import open_registry

    return open_registry(settings)


def _limits(card: EncoderCard) -> Limits:
    from samecast.vision.whoswho import limits_for

    return limits_for(card)


def _clothing() -> ClothingReader:
    from samecast.vision.clothing import Clothing

    return Clothing()


def _anchors(lexicon: Lexicon) -> AnchorReader:
    from samecast.vision.anchors import AnchorEyes

    return AnchorEyes(lexicon)


def _copies() -> CopyReader:
    from samecast.vision.copies import PixelCopies

    return PixelCopies()


def _sharpness(rgb: Pixels, box: Box | None) -> float:
    from samecast.vision.sharpness import sharpness

    return sharpness(rgb, box)


def _report_page() -> ReportPage:
    from samecast.media.report import Page

    return Page()


def _matting() -> Matting:
    from samecast.vision.matte import SubjectMatte

    return SubjectMatte()


def _gauge(faces: FaceReader) -> ReferenceGauge:
    from samecast.vision.gauge import Gauge

    return Gauge(faces)
