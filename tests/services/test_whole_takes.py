"""Whole takes through the scoring service: several people, copies, anchors, evidence, and what is told on the way."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from samecast.core.cast import Character
from samecast.core.consistency import TakeScore
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.services.scoring import Examined
from samecast.services.studio import Studio
from samecast.services.subjects import Wanted

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
needs_people = pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures of real people to measure on are not here")


def written(rgb: Pixels, path: Path) -> Path:
    media = LocalMedia()
    media.write_bytes(path, media.png(Picture(rgb=np.ascontiguousarray(rgb))))
    return path


def examined(studio: Studio, cast: list[Character], path: Path) -> Examined:
    return studio.scoring.examine([Wanted.of_character(character) for character in cast], path, evidence=True)


def kinds(score: TakeScore) -> set[str]:
    return {outcome.kind for outcome in score.outcomes}


def photograph(name: str, side: int = 512) -> Pixels:
    rgb = LocalMedia().read_picture(EVAL / "deepface" / name).rgb
    scale = side / rgb.shape[0]
    return np.asarray(cv2.resize(rgb, (round(rgb.shape[1] * scale), side), interpolation=cv2.INTER_AREA), np.uint8)


def test_one_face_on_two_bodies_is_cloned_and_no_match(
    studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path
):
    twice = written(np.hstack([pixels, np.clip(pixels * 0.8, 0, 255).astype(np.uint8)]), tmp_path / "twice.png")
    score = examined(studio, [eileen], twice).score
    assert "cloned" in kinds(score)
    assert score.characters[0].verdict == "drift"
    assert not score.eligible


def test_the_reference_pasted_again_trips_the_copy_alarm(
    studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path
):
    graded = np.clip(cv2.resize(pixels, None, fx=0.8, fy=0.8) * (0.7, 0.8, 1.0), 0, 255).astype(np.uint8)
    score = studio.scoring.score_file(eileen, written(graded, tmp_path / "graded.png"))
    assert score.verdict == "match"
    assert score.copy is not None
    assert score.copy.verdict == "copy"
    assert score.pasted


@needs_people
def test_another_photograph_of_the_same_person_does_not(studio: Studio):
    character = studio.casting.add([EVAL / "deepface" / "img1.jpg"], name="A").character
    score = studio.scoring.score_file(character, EVAL / "deepface" / "img10.jpg")
    assert score.verdict == "match"
    assert score.copy is not None
    assert score.copy.verdict == "anew"
    assert score.moments[0].usual is not None


@needs_people
def test_two_characters_are_told_apart_wherever_they_stand(studio: Studio, tmp_path: Path):
    cast = [
        studio.casting.add([EVAL / "deepface" / name], name=called).character
        for name, called in (("img1.jpg", "Ann"), ("img47.jpg", "Bea"))
    ]
    sides = [photograph("img10.jpg"), photograph("img48.jpg")]
    for number, pair in enumerate((sides, sides[::-1])):
        score = examined(studio, cast, written(np.hstack(pair), tmp_path / f"{number}.png")).score
        assert [entry.verdict for entry in score.characters] == ["match", "match"]
        assert not kinds(score)
    alone = examined(studio, cast, written(sides[1], tmp_path / "alone.png")).score
    assert [entry.verdict for entry in alone.characters] == ["missing", "match"]


@needs_people
def test_people_who_change_places_without_moving_are_swapped(studio: Studio, tmp_path: Path):
    cast = [
        studio.casting.add([EVAL / "deepface" / name], name=called).character
        for name, called in (("img1.jpg", "Ann"), ("img47.jpg", "Bea"))
    ]
    faces = [cv2.resize(photograph(name), (384, 512)) for name in ("img10.jpg", "img48.jpg")]
    before, after = (np.asarray(np.hstack(pair), np.uint8) for pair in (faces, faces[::-1]))
    steps = [np.asarray(cv2.addWeighted(before, 1 - t, after, t, 0), np.uint8) for t in np.linspace(0, 1, 8)]
    path = tmp_path / "swap.mp4"
    LocalMedia().write_clip(path, iter([before] * 30 + steps + [after] * 30), fps=24)
    score = examined(studio, cast, path).score
    assert "swapped" in kinds(score)
    assert {entry.verdict for entry in score.characters} == {"drift"}


def test_evidence_is_kept_for_every_judged_frame(studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path):
    path = tmp_path / "clip.mp4"
    LocalMedia().write_clip(path, iter([pixels] * 12 + [np.full_like(pixels, 90)] * 12), fps=24)
    told: list[float] = []
    result = studio.scoring.examine([Wanted.of_character(eileen)], path, evidence=True, watch=told.append)
    assert result.facts is not None
    assert (result.facts.width, result.facts.height) == (512, 512)
    shown = [judged.shown for judged in result.judged]
    assert all(frame is not None and frame.whole.startswith(b"\xff\xd8") for frame in shown)
    assert [frame is not None and frame.crop("eileen") is not None for frame in shown] == [
        moment.likeness is not None for moment in result.score.characters[0].moments
    ]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert studio.scoring.examine([Wanted.of_character(eileen)], path).judged[0].shown is None


def test_every_score_names_its_calibration(studio: Studio, eileen: Character, astronaut: Path, cat: Path):
    score = studio.scoring.score_file(eileen, astronaut)
    assert "pairs" in score.calibration
    assert score.far is not None
    assert score.far <= 0.05
    tom = studio.casting.add([cat], name="Tom", description="a ginger cat").character
    other = studio.scoring.score_file(tom, cat)
    assert other.kind == "animal"
    assert "pairs" in other.calibration
    assert other.encoder != score.encoder
