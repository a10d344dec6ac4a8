"""Cuts found where they were made, and nowhere else; flicker and stand-still told from what only looks like them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.footage import Footage, ShotPlan, View, photographs, plan
from benchmarks.odd_clips import encode

from samecast.media import LocalMedia
from samecast.media.cutting import BEYOND_FLASH
from samecast.ports import Cutting, Pixels

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
PICTURES = photographs()
ASTRONAUT, CHELSEA, COFFEE = PICTURES[:3]


def shot(picture: Pixels = ASTRONAUT, **given: Any) -> ShotPlan:
    """A camera that pans slowly over a photograph for two seconds."""
    usual = ShotPlan(picture=picture, frames=48, start=View(x=0.45), end=View(x=0.52), seed=3)
    return replace(usual, **given)


def read(media: LocalMedia, tmp_path: Path, *shots: ShotPlan, crf: int = 26) -> Cutting:
    path = encode(tmp_path / "clip.mp4", Footage(shots=shots).frames(), options={"crf": str(crf)})
    return media.read_through(path)


def cut_frames(cutting: Cutting) -> list[int]:
    return [round(second * 24) for second in cutting.cuts]


SOME: list[tuple[str, Sequence[ShotPlan]]] = [
    ("plain", [shot(), shot(CHELSEA), shot(COFFEE)]),
    ("handheld", [shot(shake=2.0), shot(CHELSEA, shake=2.0)]),
    ("grain", [shot(grain=12.0), shot(CHELSEA, grain=12.0)]),
    ("dark", [shot(light="dark"), shot(CHELSEA, light="dark")]),
    ("rain", [shot(rain=True), shot(CHELSEA, rain=True)]),
    ("fast pans", [shot(end=View(x=0.9)), shot(CHELSEA, end=View(x=0.1))]),
    ("whip pans", [shot(end=View(x=0.9), whip=True), shot(COFFEE, end=View(x=0.9), whip=True)]),
    ("flashes", [shot(light="flash"), shot(CHELSEA, light="flash")]),
    ("passers-by", [shot(passer=COFFEE), shot(CHELSEA, passer=COFFEE)]),
    ("a punch-in", [shot(), shot(start=View(x=0.52, width=0.4), end=View(x=0.5, width=0.4))]),
    ("a wider shot", [shot(start=View(width=0.4), end=View(width=0.4)), shot(start=View(width=0.8))]),
    ("a look to the side", [shot(CHELSEA, end=View(x=0.3)), shot(CHELSEA, start=View(x=0.7), end=View(x=0.75))]),
    ("short shots", [shot(frames=9), shot(CHELSEA, frames=7), shot(COFFEE, frames=8), shot(frames=20)]),
]


@pytest.mark.parametrize(("shots"), [shots for _, shots in SOME], ids=[name for name, _ in SOME])
def test_cuts_are_found_to_the_frame(media: LocalMedia, tmp_path: Path, shots: Sequence[ShotPlan]) -> None:
    found = read(media, tmp_path, *shots)
    assert cut_frames(found) == list(Footage(shots=tuple(shots)).truth.cuts)
    assert found.frames == sum(one.frames for one in shots)


NONE: list[tuple[str, Sequence[ShotPlan]]] = [
    ("a dissolve", [shot(), shot(CHELSEA, join="dissolve")]),
    ("a fade", [shot(), shot(COFFEE, join="fade")]),
    ("flashes", [shot(light="flash", frames=120, shake=1.0)]),
    ("a whip pan", [shot(start=View(x=0.2, width=0.4), end=View(x=0.8, width=0.4), whip=True)]),
    ("a crash zoom", [shot(start=View(width=0.9), end=View(width=0.3), frames=12)]),
    ("a passer-by", [shot(passer=CHELSEA, shake=1.0)]),
    ("rain at night", [shot(rain=True, light="dark")]),
    ("flicker", [shot(light="flicker")]),
    ("grain", [shot(grain=20.0)]),
]


@pytest.mark.parametrize(("shots"), [shots for _, shots in NONE], ids=[name for name, _ in NONE])
def test_what_is_no_cut(media: LocalMedia, tmp_path: Path, shots: Sequence[ShotPlan]) -> None:
    assert cut_frames(read(media, tmp_path, *shots)) == []


def test_a_lamp_switched_on_is_no_cut(media: LocalMedia, tmp_path: Path) -> None:
    frames = list(Footage(shots=(shot(),)).frames())
    lit = [*((frame * 0.45).astype(np.uint8) for frame in frames[:24]), *frames[24:]]
    assert media.read_through(encode(tmp_path / "lamp.mp4", lit)).cuts == ()


@pytest.mark.parametrize("held", [2, 3])
def test_frames_held_by_an_animator_are_no_cuts(media: LocalMedia, tmp_path: Path, held: int) -> None:
    moving = list(Footage(shots=(shot(end=View(x=0.8)), shot(CHELSEA, end=View(x=0.8)))).frames())
    frames = [moving[number - number % held] for number in range(len(moving))]
    found = media.read_through(encode(tmp_path / "held.mp4", frames))
    assert cut_frames(found) == [48]
    assert found.frozen == 0


def test_fewer_frames_than_a_flash_has_are_taken_for_one(media: LocalMedia, tmp_path: Path) -> None:
    for frames, cuts in ((BEYOND_FLASH - 2, 0), (BEYOND_FLASH + 3, 2)):
        found = read(media, tmp_path, shot(end=View(x=0.45)), shot(COFFEE, frames=frames), shot(end=View(x=0.45)))
        assert len(found.cuts) == cuts, frames


def test_cuts_of_a_variable_rate_are_told_in_seconds(media: LocalMedia, tmp_path: Path) -> None:
    frames = list(Footage(shots=(shot(frames=24), shot(CHELSEA, frames=24))).frames())
    times = [*range(0, 48, 2), *range(48 + 12, 48 + 12 + 24)]
    found = media.read_through(encode(tmp_path / "clip.mkv", frames, times=times))
    assert found.cuts == pytest.approx([60 / 24], abs=2e-3)
    assert found.seconds == pytest.approx(84 / 24, abs=2e-3)


def test_most_cuts_of_anything_goes_are_found(media: LocalMedia, tmp_path: Path) -> None:
    made = plan(PICTURES, seed=1000, shots=20)
    found = set(cut_frames(media.read_through(encode(tmp_path / "made.mp4", made.frames()))))
    hits = found & set(made.truth.cuts)
    assert len(hits) >= 0.85 * len(made.truth.cuts)
    assert len(hits) >= 0.85 * len(found)


# --- flicker and stand-still ------------------------------------------------------------------------------------


def test_flicker_is_light_that_pumps_and_nothing_else(media: LocalMedia, tmp_path: Path) -> None:
    still = View(x=0.45)

    def flicker(**given: Any) -> float:
        found = read(media, tmp_path, shot(**given), crf=18).flicker
        assert found is not None
        return found

    pumping = flicker(light="flicker")
    assert 2 < pumping < 9  # 5 % of a mean luma near 100, from frame to frame
    assert 2 < flicker(light="flicker", end=still) < 9
    for calm in ({}, {"end": View(x=0.8)}, {"shake": 2.0}, {"passer": COFFEE}, {"light": "drift"}, {"light": "flash"}):
        assert flicker(**calm) < 0.3, calm
    assert flicker(grain=12.0) < 0.3
    assert flicker(rain=True) < 0.3


@pytest.mark.parametrize(
    ("given", "crf"),
    [
        *(({"grain": grain}, crf) for grain in (0.0, 6.0, 14.0) for crf in (18, 34)),
        ({"light": "flicker"}, 18),
    ],
)
def test_a_still_held_as_a_clip_is_frozen(media: LocalMedia, tmp_path: Path, given: dict[str, Any], crf: int) -> None:
    held = read(media, tmp_path, shot(end=View(x=0.45), **given), crf=crf)
    assert held.frozen is not None
    assert held.frozen > 0.9


def test_what_moves_is_not_frozen(media: LocalMedia, tmp_path: Path) -> None:
    still = View(x=0.45)
    slow_push = View(x=0.45, width=0.7 * 0.99)  # one part in a hundred over two seconds
    moves: tuple[dict[str, Any], ...] = (
        {},
        {"end": slow_push},
        {"end": slow_push, "grain": 6.0},
        {"end": still, "shake": 0.3},
        {"end": still, "passer": COFFEE},
        {"end": still, "rain": True},
    )
    for given in moves:
        assert read(media, tmp_path, shot(**given)).frozen == 0, given


def test_half_frozen_and_shots_shorter_than_a_second(media: LocalMedia, tmp_path: Path) -> None:
    still = View(x=0.45)
    half = read(media, tmp_path, shot(end=View(x=0.7)), shot(CHELSEA, end=still))
    assert half.frozen == pytest.approx(0.5, abs=0.05)
    short = read(media, tmp_path, shot(end=still, frames=10), shot(CHELSEA, frames=12, end=View(x=0.7)))
    assert short.frozen == pytest.approx(9 / 20, abs=0.01)


def test_a_blink_in_a_close_up_moves(media: LocalMedia, tmp_path: Path) -> None:
    close = View(x=0.43, y=0.22, width=0.35)
    frames = list(Footage(shots=(shot(start=close, end=close, frames=30),), width=640, height=360).frames())
    for number in range(8, 30):
        for left in (220, 380):  # lids: skin of the forehead and the cheek
            frames[number][122:152, left : left + 75] = frames[number][160:190, left : left + 75]
    found = media.read_through(encode(tmp_path / "blink.mp4", frames))
    assert found.frozen is not None
    assert found.frozen < 0.3


# --- real clips -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not EVAL.is_dir(), reason="the clips to measure on are not here")
@pytest.mark.parametrize("name", ["stock_clip.mp4", "generated_clip.mp4"])
def test_real_clips_of_one_shot(media: LocalMedia, name: str) -> None:
    found = media.read_through(EVAL / "opens2v" / name)
    assert found.cuts == ()
    assert not found.damaged
    assert found.frozen == 0
    assert found.flicker is not None
    assert found.flicker < 0.2
