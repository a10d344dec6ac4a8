"""A studio on a real library in a temporary home, with a tiny engine in the storyboard's place."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from samecast.core.cast import Character
from samecast.media import LocalMedia
from samecast.ports import ModelProfile, Pixels, Render, Rendered
from samecast.ports.making import STILL_SIZES
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio, sample_picture


class PasteEngine:
    """Pastes the first reference on grey; counts what it renders, and can be told to stop or to hide the face."""

    def __init__(self) -> None:
        self.version = "1"
        self.rendered: list[int] = []
        self.stop_at: int | None = None
        self.hide: set[int] = set()

    def check(self) -> None:
        pass

    def render(self, order: Render) -> Rendered:
        self.rendered.append(order.recipe.seed)
        if self.stop_at is not None and len(self.rendered) == self.stop_at:
            raise KeyboardInterrupt
        return Rendered(frames=self._frames(order, len(self.rendered) in self.hide), notes=("a note",))

    def _frames(self, order: Render, hidden: bool) -> Iterator[Pixels]:
        frame = np.full((512, 512, 3), order.recipe.seed % 200, np.uint8)
        picture = next(iter(order.references.values()), None)
        if picture is not None and not hidden:
            h, w = min(512, picture.height), min(512, picture.width)
            frame[:h, :w] = picture.rgb[:h, :w]
        for _ in range(order.recipe.frames):
            yield frame


@pytest.fixture
def engine() -> PasteEngine:
    return PasteEngine()


PASTE = ModelProfile(
    id="paste",
    name="Paste",
    engine="paste",
    kinds=("image", "video"),
    aspects=tuple(STILL_SIZES),
    max_seconds=10,
    max_characters=2,
    deterministic=True,
    composites=True,
    price="free",
    licence="none",
)


@pytest.fixture
def studio(tmp_path: Path, engine: PasteEngine) -> Iterator[Studio]:
    with open_studio(Settings(home=tmp_path / "home"), {PASTE.id: (PASTE, engine)}) as opened:
        yield opened


@pytest.fixture
def astronaut() -> Path:
    return sample_picture("astronaut.png")


@pytest.fixture
def cat() -> Path:
    return sample_picture("chelsea.png")


@pytest.fixture
def eileen(studio: Studio, astronaut: Path) -> Character:
    return studio.casting.add([astronaut], name="Eileen").character


@pytest.fixture
def pixels(astronaut: Path) -> Pixels:
    """The astronaut's photograph, decoded."""
    return LocalMedia().read_picture(astronaut).rgb
