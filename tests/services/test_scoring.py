"""Scores through the public services: a person's identity, an animal's looks, and what cannot be measured."""

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from samecast.core.cast import Character
from samecast.core.consistency import Moment, Score
from samecast.media import LocalMedia
from samecast.ports import EncoderCard, Picture, Pixels
from samecast.services.scoring import in_order
from samecast.services.studio import Studio
from samecast.services.tracks import Track
from samecast.services.verdicts import score_of

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"


def scored(studio: Studio, character: Character, rgb: Pixels, path: Path) -> Score:
    media = LocalMedia()
    media.write_bytes(path, media.png(Picture(rgb=np.ascontiguousarray(rgb))))
    return studio.scoring.score_file(character, path)


def clip_of(frames: Sequence[Pixels], path: Path) -> Path:
    LocalMedia().write_clip(path, iter(frames), fps=24)
    return path


def test_the_same_person_matches_and_a_copy_is_no_appearance(studio: Studio, eileen: Character, astronaut: Path):
    score = studio.scoring.score_file(eileen, astronaut)
    assert score.verdict == "match"
    assert score.p_same is not None
    assert score.p_same > 0.99
    assert score.appearance is None
    assert score.coverage == 1


def test_an_empty_picture_is_missing_and_a_person_without_a_face_is_not(
    studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path
):
    empty = scored(studio, eileen, np.full((400, 400, 3), 90, np.uint8), tmp_path / "empty.png")
    assert empty.verdict == "missing"
    assert "nobody" in empty.reason.lower()
    hidden = pixels.copy()
    cv2.ellipse(hidden, (225, 120), (62, 78), 0, 0, 360, (70, 50, 40), -1)
    score = scored(studio, eileen, hidden, tmp_path / "hidden.png")
    assert score.verdict == "not_measurable"
    assert "somebody" in score.reason.lower()
    assert score.p_same is None


def test_a_face_too_blurred_to_know_is_never_accused(studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path):
    score = scored(
        studio, eileen, np.asarray(cv2.GaussianBlur(pixels, (0, 0), 4.5), np.uint8), tmp_path / "blurred.png"
    )
    assert score.verdict == "not_measurable"


def test_a_dark_face_is_still_her(studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path):
    score = scored(studio, eileen, (pixels * 0.15).astype(np.uint8), tmp_path / "dark.png")
    assert score.verdict == "match"


def test_a_cat_is_judged_by_its_looks_alone(studio: Studio, astronaut: Path, cat: Path):
    character = studio.casting.add([cat], name="Tom").character
    same = studio.scoring.score_file(character, cat)
    assert same.verdict == "match"
    assert same.p_same is None
    assert same.appearance is not None
    assert same.appearance > 0.9
    other = studio.scoring.score_file(character, astronaut)
    assert other.verdict == "drift"
    assert other.appearance is not None
    assert other.appearance < 0.5


def test_a_clip_she_leaves_early_is_missing_and_one_she_leaves_late_says_so(
    studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path
):
    grey = np.full_like(pixels, 90)
    early = clip_of([pixels if i < 8 else grey for i in range(24)], tmp_path / "early.mp4")
    score = studio.scoring.score_file(eileen, early)
    assert score.verdict == "missing"
    assert score.p_same is None
    late = clip_of([pixels if i < 16 else grey for i in range(24)], tmp_path / "late.mp4")
    score = studio.scoring.score_file(eileen, late)
    assert score.verdict == "match"
    assert score.coverage == pytest.approx(16 / 24, abs=0.01)
    assert [m.gap for m in score.moments if m.likeness is None] == ["nobody"] * 8


def test_a_clip_of_one_frame_is_judged_by_it(studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path):
    score = studio.scoring.score_file(eileen, clip_of([pixels], tmp_path / "one.mp4"))
    assert score.verdict == "match"
    assert len(score.moments) == 1


@pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures of real people to measure on are not here")
def test_another_person_in_the_last_third_is_drift_there(
    studio: Studio, eileen: Character, pixels: Pixels, tmp_path: Path
):
    other = cv2.resize(LocalMedia().read_picture(EVAL / "deepface" / "img1.jpg").rgb, (512, 512))
    path = clip_of([pixels if i < 24 else np.asarray(other, np.uint8) for i in range(36)], tmp_path / "swap.mp4")
    score = studio.scoring.score_file(eileen, path)
    assert score.verdict == "drift"
    assert score.worst is not None
    assert score.worst < 0.2
    assert score.worst_at is not None
    assert score.worst_at >= 1.0 - 0.1
    assert score.p_same is not None
    assert score.p_same > 0.9


@pytest.mark.skipif(not EVAL.is_dir(), reason="the labelled pairs to measure on are not here")
def test_labelled_pairs_are_told_apart(studio: Studio):
    with (EVAL / "deepface" / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = [r for r in rows if r["a"] == rows[0]["a"]][:8]
    character = studio.casting.add([EVAL / "deepface" / rows[0]["a"]], name="A").character
    said = [studio.scoring.score_file(character, EVAL / "deepface" / row["b"]).verdict == "match" for row in chosen]
    assert said == [row["same"] == "1" for row in chosen]


# --- what the frames amount to -----------------------------------------------------------------------------------

CARD = EncoderCard(name="e", version="1", sha256="", licence="", slope=20, midpoint=0.6, threshold=0.6, calibration="")


def verdict(*moments: Moment, unusable: str = "") -> Score:
    track = Track(handle="mira", human=True, unusable=unusable, moments=moments, clip=True, card=CARD)
    return score_of(track, composited=False)


def test_too_few_measured_frames_are_no_verdict():
    gone = [Moment(seconds=float(i), likeness=None, gap="hidden") for i in range(31)]
    score = verdict(Moment(seconds=31.0, likeness=0.01), *gone)
    assert score.verdict == "not_measurable"
    assert "1 of 32" in score.reason


def test_faces_taken_by_others_are_missing_and_small_ones_are_not():
    assert verdict(Moment(seconds=0.0, likeness=None, gap="taken")).verdict == "missing"
    small = verdict(Moment(seconds=0.0, likeness=None, gap="small"))
    assert small.verdict == "not_measurable"
    assert "too small" in small.reason


def test_a_reference_that_teaches_nothing_is_said_to():
    assert verdict(Moment(seconds=0.0, likeness=None, gap="nobody"), unusable="Why.").reason == "Why."


def test_frames_seen_side_by_side_come_back_in_order():
    assert list(in_order(lambda x: x * x, iter(range(20)))) == [x * x for x in range(20)]
