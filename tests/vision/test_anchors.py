"""Anchors: a mark drawn on a cheek is held, moved or lost; a colour likewise; and what cannot be told says why."""

from dataclasses import replace
from importlib import resources

import cv2
import numpy as np
import pytest

from samecast.core.anchors import parse_anchor
from samecast.core.cast import Anchor, Region
from samecast.core.lexicon import Lexicon
from samecast.ports import AnchorPrint, Face, Floats, Picture, Pixels
from samecast.vision.anchors import AnchorEyes
from samecast.vision.faces import MediaPipeFaces

CHEEK, OTHER_CHEEK, CHIN_SIDE = 280, 50, 379
"""Mesh points: her left cheek (the viewer's right), her right one, and the side of her chin."""


@pytest.fixture(scope="module")
def eyes() -> AnchorEyes:
    return AnchorEyes(Lexicon.parse(resources.files("samecast.core").joinpath("lexicon.toml").read_text("utf-8")))


@pytest.fixture(scope="module")
def portrait(astronaut: Pixels) -> Pixels:
    """Eileen Collins, three times as large: about 190 pixels between the outer corners of her eyes."""
    return np.asarray(cv2.resize(astronaut[:300, 60:400], None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="module")
def face(reader: MediaPipeFaces, portrait: Pixels) -> Face:
    return reader.faces(portrait)[0]


def marked(rgb: Pixels, face: Face, point: int, *, dark: float = 0.45, shift: tuple[float, float] = (0, 0)) -> Pixels:
    """A slanted dark mark on a cheek, blended with the skin; `shift` in eye distances."""
    ink = np.zeros(rgb.shape[:2], np.float32)
    unit = float(np.linalg.norm(face.landmarks[263, :2] - face.landmarks[33, :2]))
    x, y = face.landmarks[point, :2] + np.array(shift) * unit
    turn = 40 if point == CHEEK else -40
    cv2.ellipse(ink, (round(float(x)), round(float(y))), (round(0.09 * unit), round(0.035 * unit)), turn, 0, 360, 1, -1)
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 1.2), np.float32)[..., None]
    return np.asarray(rgb * (1 - ink * np.array([1 - dark, 1 - 0.8 * dark, 1 - 0.8 * dark])), np.uint8)


def region_of(rgb: Pixels, face: Face, point: int, half: float = 0.13) -> Region:
    unit = float(np.linalg.norm(face.landmarks[263, :2] - face.landmarks[33, :2]))
    x, y = (float(value) for value in face.landmarks[point, :2])
    wide, high = rgb.shape[1], rgb.shape[0]
    return Region(
        x=(x - half * unit) / wide,
        y=(y - half * unit) / high,
        width=2 * half * unit / wide,
        height=2 * half * unit / high,
    )


@pytest.fixture(scope="module")
def scar(eyes: AnchorEyes, portrait: Pixels, face: Face) -> AnchorPrint:
    anchor = Anchor(text="scar on the left cheek", side="left", region=region_of(portrait, face, CHEEK))
    learned = eyes.learn(Picture(rgb=marked(portrait, face, CHEEK)), face, anchor)
    assert not isinstance(learned, str), learned
    return learned


def under_other_light(rgb: Pixels) -> Pixels:
    """Warmer, darker, lit from one side, and through a JPEG of quality 50."""
    side = np.linspace(0.55, 1.0, rgb.shape[1])[None, :, None] * np.array([1.0, 0.88, 0.7])
    _, code = cv2.imencode(".jpg", np.asarray(rgb * side, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 50])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


# --- marks ------------------------------------------------------------------------------------------------------


def test_a_mark_at_its_place_is_held(eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face):
    sight = eyes.look(scar, marked(portrait, face, CHEEK), face, None)
    assert (scar.kind, sight.verdict) == ("mark", "held")
    assert sight.strength is not None
    assert sight.strength > 0.9
    assert sight.own is not None
    left, top, right, bottom = sight.own
    x, y = face.landmarks[CHEEK, :2]
    assert left < x < right
    assert top < y < bottom


def test_it_is_held_in_another_light_another_size_and_tilted(
    eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face, reader: MediaPipeFaces
):
    weaker = marked(portrait, face, CHEEK, dark=0.4, shift=(0.03, -0.02))
    tilt = cv2.getRotationMatrix2D((portrait.shape[1] / 2, portrait.shape[0] / 2), 14, 0.75)
    tilted = np.asarray(cv2.warpAffine(weaker, tilt, portrait.shape[1::-1], borderValue=(90, 90, 90)), np.uint8)
    for rgb in (under_other_light(weaker), tilted):
        assert eyes.look(scar, rgb, reader.faces(rgb)[0], None).verdict == "held"


def test_without_it_it_is_lost(eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face):
    assert eyes.look(scar, portrait, face, None).verdict == "lost"
    assert eyes.look(scar, under_other_light(portrait), face, None).verdict == "lost"


def test_far_from_its_place_it_is_lost(eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face):
    sight = eyes.look(scar, marked(portrait, face, CHEEK, shift=(0.0, 0.4)), face, None)
    assert sight.verdict == "lost"


def test_on_the_other_side_it_has_moved(
    eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face, reader: MediaPipeFaces
):
    sight = eyes.look(scar, marked(portrait, face, OTHER_CHEEK), face, None)
    assert sight.verdict == "moved"
    assert sight.mirrored is not None
    assert sight.mirrored[0] < face.landmarks[OTHER_CHEEK, 0] < sight.mirrored[2]
    flipped = np.ascontiguousarray(marked(portrait, face, CHEEK)[:, ::-1])
    assert eyes.look(scar, flipped, reader.faces(flipped)[0], None).verdict == "moved"


def test_a_place_that_cannot_be_seen_is_not_assessable(
    eyes: AnchorEyes, scar: AnchorPrint, portrait: Pixels, face: Face, reader: MediaPipeFaces
):
    shown = marked(portrait, face, CHEEK)
    narrow = face.landmarks.copy()
    narrow[:, 0] = narrow[:, 0].mean() + 0.15 * (narrow[:, 0] - narrow[:, 0].mean())
    tiny = np.asarray(cv2.resize(shown, None, fx=0.04, fy=0.04, interpolation=cv2.INTER_AREA), np.uint8)
    small_face = replace(face, landmarks=np.asarray(face.landmarks * 0.04, np.float32))
    blurred = np.asarray(cv2.GaussianBlur(shown, (0, 0), 17), np.uint8)
    cut_off = np.ascontiguousarray(shown[:, : int(face.landmarks[CHEEK, 0]) - 10])
    for rgb, seen, why in (
        (shown, replace(face, landmarks=narrow), "turned away"),
        (tiny, small_face, "too few pixels"),
        (blurred, face, "blurred"),
        (cut_off, face, "outside"),
        (shown, None, "cannot be seen"),
    ):
        sight = eyes.look(scar, rgb, seen, None)
        assert sight.verdict == "not_assessable", why
        assert why in sight.reason
        assert sight.strength is None


def test_a_cheek_without_a_mark_cannot_be_learned(eyes: AnchorEyes, portrait: Pixels, face: Face):
    anchor = Anchor(text="scar on the cheek", region=region_of(portrait, face, CHEEK))
    learned = eyes.learn(Picture(rgb=portrait), face, anchor)
    assert isinstance(learned, str)
    assert "nothing distinct" in learned


def test_what_words_and_place_contradict_is_said(eyes: AnchorEyes, portrait: Pixels, face: Face):
    picture, cheek = Picture(rgb=marked(portrait, face, CHEEK)), region_of(portrait, face, CHEEK)
    corner = Region(x=0.02, y=0.02, width=0.1, height=0.1)
    for anchor, seen, why in (
        (parse_anchor("scar on the left cheek"), face, "not marked. Mark it in the studio, or add [x,y,w,h]"),
        (Anchor(text="scar on the right cheek", side="right", region=cheek), face, "own left"),
        (Anchor(text="mole on the chin", region=corner), face, "lies off it"),
        (Anchor(text="tattoo", region=corner), face, "on the face only"),
        (Anchor(text="scar on the left cheek", side="left", region=cheek), None, "no face can be read"),
    ):
        learned = eyes.learn(picture, seen, anchor)
        assert isinstance(learned, str), anchor.text
        assert why in learned


# --- colours ----------------------------------------------------------------------------------------------------


def worn(rgb: Pixels, colour: tuple[int, int, int], *, right: bool = True) -> Pixels:
    """A strap over one shoulder, as the viewer sees it."""
    out = rgb.copy()
    middle, bottom = out.shape[1] // 2, out.shape[0]
    x = 1 if right else -1
    cv2.line(out, (middle + x * 160, bottom - 190), (middle + x * 220, bottom - 10), colour, 36, cv2.LINE_AA)
    return out


CYAN = (40, 200, 215)


@pytest.fixture(scope="module")
def plain(portrait: Pixels) -> Pixels:
    """The portrait with grey overalls: her own are orange and white."""
    out = portrait.copy()
    out[620:] = out[620:].mean(axis=2, keepdims=True).astype(np.uint8)
    return out


@pytest.fixture(scope="module")
def strap(eyes: AnchorEyes, plain: Pixels, face: Face) -> AnchorPrint:
    middle, bottom = plain.shape[1] // 2, plain.shape[0]
    region = Region(
        x=(middle + 130) / plain.shape[1], y=(bottom - 210) / bottom, width=120 / plain.shape[1], height=200 / bottom
    )
    learned = eyes.learn(Picture(rgb=worn(plain, CYAN)), face, Anchor(text="cyan strap", region=region))
    assert not isinstance(learned, str), learned
    return learned


def lit(rgb: Pixels, gains: tuple[float, float, float]) -> Pixels:
    linear = (rgb / 255.0) ** 2.2 * np.array(gains)
    return np.asarray(np.round(np.clip(linear, 0, 1) ** (1 / 2.2) * 255), np.uint8)


def test_a_colour_is_held_lost_moved_or_changed(eyes: AnchorEyes, strap: AnchorPrint, plain: Pixels, face: Face):
    assert strap.kind == "colour"
    for rgb, verdict in (
        (worn(plain, CYAN), "held"),
        (worn(plain, (60, 180, 200)), "held"),
        (plain, "lost"),
        (worn(plain, (215, 60, 40)), "lost"),
        (worn(plain, (60, 90, 215)), "lost"),
        (worn(plain, CYAN, right=False), "moved"),
    ):
        assert eyes.look(strap, rgb, face, None).verdict == verdict


def test_the_light_of_a_scene_is_allowed_for(eyes: AnchorEyes, strap: AnchorPrint, plain: Pixels, face: Face):
    for gains in ((1.1, 0.95, 0.6), (0.3, 0.4, 0.6)):
        sight = eyes.look(strap, lit(worn(plain, CYAN), gains), face, None)
        assert sight.verdict == "held"
        assert "light" in sight.reason
        assert eyes.look(strap, lit(plain, gains), face, None).verdict == "lost"
    blue_only = lit(plain, (0.05, 0.1, 0.9))
    assert eyes.look(strap, blue_only, face, None).verdict == "not_assessable", "no loss is told in such light"


def test_a_close_up_does_not_lose_what_it_does_not_show(
    eyes: AnchorEyes, strap: AnchorPrint, plain: Pixels, face: Face
):
    sight = eyes.look(strap, np.ascontiguousarray(plain[:600]), face, None)
    assert sight.verdict == "not_assessable"
    assert "outside" in sight.reason


def test_without_a_face_a_colour_may_be_found_but_not_missed(eyes: AnchorEyes, strap: AnchorPrint, plain: Pixels):
    alpha: Floats = np.ones(plain.shape[:2], np.float32)
    assert eyes.look(strap, worn(plain, CYAN), None, alpha).verdict == "held"
    assert eyes.look(strap, plain, None, alpha).verdict == "not_assessable"


def test_a_thing_without_a_face_is_told_by_its_colour(eyes: AnchorEyes, cat: Pixels):
    collar = cat.copy()
    cv2.rectangle(collar, (150, 230), (280, 260), (190, 30, 40), -1)
    region = Region(x=140 / cat.shape[1], y=220 / cat.shape[0], width=150 / cat.shape[1], height=50 / cat.shape[0])
    learned = eyes.learn(Picture(rgb=collar), None, Anchor(text="red collar", region=region))
    assert not isinstance(learned, str)
    alpha: Floats = np.ones(cat.shape[:2], np.float32)
    assert eyes.look(learned, collar, None, alpha).verdict == "held"
    assert eyes.look(learned, cat, None, alpha).verdict == "lost"
