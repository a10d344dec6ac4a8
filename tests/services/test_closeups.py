"""Close-ups: where each anchor is, on the reference and in a take, and nothing where nothing can be shown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.services.conftest import PasteEngine

from samecast.core.consistency import take_score_from_json
from samecast.core.errors import NotFound
from samecast.core.story import Take
from samecast.media import LocalMedia
from samecast.ports import Pixels
from samecast.services.ordering import Order
from samecast.services.studio import Studio

PATCH = "NASA patch on the right chest [0.31,0.77,0.13,0.13]"
UNMARKED = "a small scar on the left cheek"


def taken(studio: Studio, tmp_path: Path, prompt: str = "@eileen at dawn", **order: object) -> Take:
    plan = studio.shooting.plan(
        Order(prompt=prompt, model="paste", takes=1, out=tmp_path / "out", **order)  # type: ignore[arg-type]
    )
    return studio.shooting.run(studio.shooting.start(plan)).takes[0]


def colour(jpeg: bytes) -> Pixels:
    return np.asarray(LocalMedia().read_picture(jpeg).rgb.reshape(-1, 3).mean(axis=0))


@pytest.fixture
def marked(studio: Studio, astronaut: Path) -> None:
    studio.casting.add([astronaut], name="Eileen", anchors=[PATCH, UNMARKED])


@pytest.mark.usefixtures("marked")
def test_a_still_shows_each_anchor_on_the_reference_and_in_the_take(studio: Studio, pixels: Pixels, tmp_path: Path):
    take = taken(studio, tmp_path, kind="image")
    patch, scar = studio.closeups.of(take)
    assert (patch.handle, patch.score.text) == ("eileen", "NASA patch on the right chest")
    assert patch.score.verdict == "held"
    assert patch.shown.reference is not None
    assert patch.shown.own is not None
    # The engine pastes the reference as it is: both places show about the same, and no other place does.
    there, elsewhere = colour(patch.shown.own), pixels[:120, :120].reshape(-1, 3).mean(axis=0)
    assert np.abs(colour(patch.shown.reference) - there).max() < 25
    assert np.abs(elsewhere - there).max() > 50
    assert scar.score.verdict == "not_assessable"
    assert (scar.shown.reference, scar.shown.own) == (None, None)


@pytest.mark.usefixtures("marked")
def test_a_clip_shows_the_moment_that_its_score_names(studio: Studio, tmp_path: Path):
    take = taken(studio, tmp_path, kind="video", seconds=1.0)
    scored = take_score_from_json(take.score or "").characters[0].anchors[0]
    assert scored.at is not None
    patch = studio.closeups.of(take)[0]
    assert patch.shown.seconds == scored.at
    assert patch.shown.own is not None
    assert patch.shown.own.startswith(b"\xff\xd8")


@pytest.mark.usefixtures("marked")
def test_where_nobody_is_seen_only_the_reference_is_shown(studio: Studio, engine: PasteEngine, tmp_path: Path):
    engine.hide = {1}
    patch = studio.closeups.of(taken(studio, tmp_path, kind="image"))[0]
    assert patch.score.verdict == "not_assessable"
    assert patch.shown.reference is not None
    assert patch.shown.own is None


def test_a_take_without_anchors_has_none(studio: Studio, astronaut: Path, tmp_path: Path):
    studio.casting.add([astronaut], name="Eileen")
    take = taken(studio, tmp_path, kind="image")
    assert studio.closeups.of(take) == ()
    assert studio.closeups.of(replace(take, score=None)) == ()


@pytest.mark.usefixtures("marked")
def test_a_take_whose_file_is_gone_says_so(studio: Studio, tmp_path: Path):
    take = taken(studio, tmp_path, kind="image")
    with pytest.raises(NotFound):
        studio.closeups.of(replace(take, asset="0" * 64))
