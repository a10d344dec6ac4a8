"""What is offered to mend a picture, and finding the picture in its overlay, with the real eyes and no browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from samecast.core.errors import NotFound
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.vision.faces import MediaPipeFaces
from samecast.web.pages import character_looks as looks
from samecast.wiring import open_studio, sample_picture


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(Settings(home=tmp_path / "home")) as opened:
        yield replace(opened, receiving=replace(opened.receiving, faces=MediaPipeFaces()))


@pytest.fixture
def photograph() -> Pixels:
    return LocalMedia().read_picture(sample_picture("astronaut.png")).rgb


def taken(studio: Studio, rgb: Pixels) -> str:
    return studio.receiving.take_in(LocalMedia().png(Picture(rgb=np.ascontiguousarray(rgb)))).name


@pytest.mark.parametrize(("top", "bottom"), [(0, 512), (0, 250)])
def test_the_overlay_is_shown_without_the_strip_beside_it(
    studio: Studio, photograph: Pixels, top: int, bottom: int
) -> None:
    given = photograph[top:bottom]
    seen = looks.graded(studio, taken(studio, given), [], "")
    drawn = studio.receiving.at(looks.overlay(studio, seen))
    assert drawn.width / drawn.height == pytest.approx(given.shape[1] / given.shape[0], rel=0.01)
    rgb = LocalMedia().read_picture(studio.receiving.path(drawn.name)).rgb
    corner = given[-40:, -40:].reshape(-1, 3).mean(axis=0)  # outside of the crop it is darkened, and still the picture
    shown = rgb[-80:, -80:].reshape(-1, 3).mean(axis=0)
    assert np.abs(shown - corner).max() < 90
    assert not np.allclose(rgb[:, -1], [21, 24, 29], atol=3)  # the strip's ground


def test_of_two_people_each_is_offered(studio: Studio, photograph: Pixels) -> None:
    name = taken(studio, np.concatenate([photograph, photograph[:, ::-1]], axis=1))
    offered = looks.fixes(studio, name, looks.graded(studio, name, [], ""))
    assert [fix.label for fix in offered] == ["Choose face 1", "Choose face 2"]
    for fix in offered:
        again = looks.graded(studio, fix.shown.name, [], "").grade.rule("subject")
        assert again is not None
        assert again.verdict == "pass"


def test_a_wide_picture_is_offered_as_a_square(studio: Studio, photograph: Pixels) -> None:
    wide = taken(studio, np.pad(photograph, ((0, 0), (0, 300), (0, 0)), mode="edge"))
    (fix,) = looks.fixes(studio, wide, looks.graded(studio, wide, [], ""))
    assert fix.label == "Crop to 1:1"
    assert fix.shown.width == fix.shown.height


def test_a_good_square_is_left_alone(studio: Studio, photograph: Pixels) -> None:
    name = taken(studio, photograph)
    assert looks.fixes(studio, name, looks.graded(studio, name, [], "")) == []


def test_an_audition_names_who_came_in_and_why(studio: Studio, photograph: Pixels) -> None:
    dark, good = taken(studio, (photograph * 0.12).astype(np.uint8)), taken(studio, photograph)
    ranked = looks.auditioned(studio, [dark, good], [])
    assert [standing.name for standing in ranked] == [good, dark]
    assert ranked[0].why.startswith("Strongest of 2")
    with pytest.raises(NotFound):
        looks.auditioned(studio, ["f" * 32], [])


def test_of_a_creation_the_pixels_are_taken_and_of_a_clip_its_middle(
    studio: Studio, photograph: Pixels, tmp_path: Path
) -> None:
    clip, assets = tmp_path / "clip.mp4", studio.showing.assets
    LocalMedia().write_clip(clip, iter([photograph // 4, photograph, photograph // 4]), fps=3)
    still = looks.from_creation(studio, assets.put(sample_picture("astronaut.png").read_bytes(), suffix=".png"))
    middle = looks.from_creation(studio, assets.put(clip.read_bytes(), suffix=".mp4"))
    shown = [LocalMedia().read_picture(studio.receiving.path(one.name)).rgb for one in (still, middle)]
    assert np.array_equal(shown[0], photograph)
    assert np.abs(shown[1].astype(int) - photograph).mean() < 8
