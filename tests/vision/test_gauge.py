"""The gauge on real pixels: what is done to a portrait shows in its numbers, its verdicts and its overlay."""

import cv2
import numpy as np
import pytest

from samecast.core.grading import Grade, Rule, RuleName, grade
from samecast.ports import Face, Floats, Picture, Pixels
from samecast.vision.faces import MediaPipeFaces, ProfileHint
from samecast.vision.gauge import Gauge
from samecast.vision.overlay import crop_suggestion
from samecast.vision.readings import EYES

ANCHORS = Rule(rule="anchors", verdict="pass", measured={}, advice="Good: an orange flight suit.")


@pytest.fixture(scope="session")
def gauge(reader: MediaPipeFaces) -> Gauge:
    return Gauge(reader)


@pytest.fixture(scope="session")
def portrait(astronaut: Pixels) -> Pixels:
    """Head and shoulders, enlarged twice so that the eyes are 85 pixels apart."""
    return np.asarray(cv2.resize(astronaut[0:300, 70:370], (600, 600), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="session")
def portrait_mesh(reader: MediaPipeFaces, portrait: Pixels) -> Floats:
    return reader.faces(portrait)[0].landmarks


def graded(gauge: Gauge, rgb: Pixels) -> Grade:
    return grade(gauge.measure(Picture(rgb=rgb)), ANCHORS)


def rule(graded: Grade, name: RuleName) -> Rule:
    found = graded.rule(name)
    assert found is not None
    return found


def test_a_good_portrait_is_strong(gauge: Gauge, portrait: Pixels) -> None:
    result = graded(gauge, portrait)
    assert result.verdict == "strong"
    assert [r.rule for r in result.rules] == [
        "pose", "eyes", "lighting", "sharpness", "resolution", "subject", "anchors",
    ]  # fmt: skip
    assert rule(result, "resolution").measured["eye_distance"] == pytest.approx(85, abs=4)
    assert rule(result, "pose").measured["view"] == "near-frontal"
    assert rule(result, "eyes").verdict == "pass"


@pytest.mark.parametrize("dark_side", ["left", "right"])
def test_side_light_fails_and_names_the_dark_side(gauge: Gauge, portrait: Pixels, dark_side: str) -> None:
    middle = 298
    ramp = np.clip((np.arange(600) - middle) / 60, -1, 1)
    gain = 10 ** ((ramp if dark_side == "left" else -ramp) * 0.32 - 0.32)  # linear light, about 4 to 1
    linear = (portrait / 255.0) ** 2.2 * gain[None, :, None]
    lit = (255 * linear ** (1 / 2.2)).astype(np.uint8)
    light = rule(graded(gauge, lit), "lighting")
    assert light.verdict == "fail"
    assert f"viewer's {dark_side} gets" in light.advice
    assert light.measured["brighter"] != dark_side
    ratio = light.measured["cheek_ratio"]
    assert isinstance(ratio, float)
    assert 2.2 < ratio < 7


def test_soft_light_does_not_fail(gauge: Gauge, portrait: Pixels) -> None:
    assert rule(graded(gauge, portrait), "lighting").verdict == "pass"


def test_four_stops_under_and_two_over(gauge: Gauge, portrait: Pixels) -> None:
    linear = (portrait / 255.0) ** 2.2
    dark = (255 * (linear / 24) ** (1 / 2.2)).astype(np.uint8)
    bright = (255 * np.clip(linear * 4, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    assert rule(graded(gauge, dark), "lighting").verdict in ("warn", "fail")
    over = rule(graded(gauge, bright), "lighting")
    assert over.verdict == "fail"
    assert "burnt out" in over.advice


def test_blur_fails_sharpness_and_only_that(gauge: Gauge, portrait: Pixels) -> None:
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 3.0), np.uint8)
    result = graded(gauge, blurred)
    assert rule(result, "sharpness").verdict == "fail"
    assert [r.rule for r in result.rules if r.verdict == "fail"] == ["sharpness"]
    assert result.verdict == "weak"


def test_a_small_face_is_sharp_but_too_small(gauge: Gauge, astronaut: Pixels) -> None:
    small = np.asarray(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    result = graded(gauge, small)
    assert rule(result, "resolution").verdict == "fail"
    assert rule(result, "sharpness").verdict == "pass"


def test_dark_glasses_make_the_eyes_unknown(gauge: Gauge, portrait: Pixels, portrait_mesh: Floats) -> None:
    masked = portrait.copy()
    for corners in EYES:
        start, end = portrait_mesh[list(corners), :2]
        middle, width = (start + end) / 2, float(np.linalg.norm(end - start))
        axes = (round(width * 0.8), round(width * 0.6))
        cv2.ellipse(masked, (round(float(middle[0])), round(float(middle[1]))), axes, 0, 0, 360, (18, 16, 20), -1)
    eyes = rule(graded(gauge, masked), "eyes")
    assert eyes.verdict == "unknown"
    assert "dark glasses" in eyes.advice


def test_two_people_fail_and_are_counted(gauge: Gauge, portrait: Pixels) -> None:
    both = np.hstack([portrait, portrait[:, ::-1]])
    subject = rule(graded(gauge, both), "subject")
    assert subject.verdict == "fail"
    assert "2 people" in subject.advice


def test_a_face_cut_by_the_frame_is_told(gauge: Gauge, portrait: Pixels) -> None:
    cut = np.ascontiguousarray(portrait[:, 265:])
    assert rule(graded(gauge, cut), "subject").verdict in ("warn", "fail")


def test_a_picture_on_its_side_fails_pose_but_not_eyes(gauge: Gauge, portrait: Pixels) -> None:
    result = graded(gauge, np.ascontiguousarray(np.rot90(portrait, 3)))
    assert rule(result, "pose").verdict == "fail"
    assert "a quarter turn counter-clockwise" in rule(result, "pose").advice
    assert rule(result, "eyes").verdict == "pass"
    assert rule(result, "lighting").verdict == "pass"


def test_a_cat_gets_the_rules_that_apply(gauge: Gauge, cat: Pixels) -> None:
    result = graded(gauge, cat)
    assert result.verdict == "usable"
    for name in ("pose", "eyes", "lighting", "subject"):
        unknown = rule(result, name)
        assert unknown.verdict == "unknown"
        assert "no human face" in unknown.advice.lower()
    assert rule(result, "sharpness").verdict == "pass"
    assert rule(result, "resolution").measured["shorter_side"] == 300


def test_a_blurred_cat_is_not_sharp(gauge: Gauge, cat: Pixels) -> None:
    blurred = np.asarray(cv2.GaussianBlur(cat, (0, 0), 5), np.uint8)
    assert rule(graded(gauge, blurred), "sharpness").verdict == "fail"


class SideView:
    """A reader that finds no face but a head in profile."""

    def faces(self, rgb: Pixels) -> list[Face]:
        return []

    def profiles(self, rgb: Pixels) -> list[ProfileHint]:
        return [ProfileHint(box=(100, 100, 200, 200), side="left", score=0.8)]


def test_a_full_profile_fails_pose_with_advice(portrait: Pixels) -> None:
    result = graded(Gauge(SideView()), portrait)
    pose = rule(result, "pose")
    assert pose.verdict == "fail"
    assert "turn the face toward the camera" in pose.advice
    assert rule(result, "subject").verdict == "pass"
    assert rule(result, "eyes").verdict == "unknown"


@pytest.mark.parametrize(("width", "height"), [(600, 600), (200, 200), (1500, 300), (90, 640)])
def test_the_overlay_reads_at_any_size(gauge: Gauge, portrait: Pixels, width: int, height: int) -> None:
    picture = Picture(rgb=np.asarray(cv2.resize(portrait, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
    drawn = gauge.overlay(picture, graded(gauge, picture.rgb)).rgb
    assert drawn.dtype == np.uint8
    assert drawn.shape[2] == 3
    strip = drawn[:, -440:]
    assert (strip.max(axis=2) > 200).sum() > 1500  # words
    assert min(drawn.shape[:2]) >= 250


def test_the_overlay_draws_on_the_face_and_dims_around_the_crop(
    gauge: Gauge, portrait: Pixels, astronaut: Pixels
) -> None:
    drawn = gauge.overlay(Picture(rgb=astronaut), graded(gauge, astronaut)).rgb
    plain = cv2.resize(astronaut, (960, 960), interpolation=cv2.INTER_CUBIC)
    changed = np.abs(drawn[:, :960].astype(int) - plain).max(axis=2) > 20
    assert changed[180:330, 350:490].mean() > 0.1  # the mesh
    assert drawn[700:, 20:400].mean() < 0.75 * plain[700:, 20:400].mean()  # outside the crop
    assert gauge.overlay(Picture(rgb=astronaut), graded(gauge, astronaut)).rgb.tobytes() == drawn.tobytes()


def test_the_crop_is_square_inside_and_around_the_head(eileen: Face) -> None:
    x, y, side = crop_suggestion(eileen, 512, 512)
    left, top, width, height = eileen.box
    assert x >= 0
    assert y >= 0
    assert x + side <= 512
    assert y + side <= 512
    assert x < left
    assert left + width < x + side
    assert y < top - 0.4 * height
    assert top + height < y + side


def test_gloss_on_one_cheek_is_not_side_light() -> None:
    from samecast.vision.readings import _without_gloss

    left, right = _without_gloss((0.083, 0.357), [0.131, 0.233])
    assert left == 0.083
    assert right == pytest.approx(0.083 * 0.233 / 0.131)
    assert _without_gloss((0.2, 0.4), [0.1, 0.2]) == (0.2, 0.4)  # real side light lights the skin's colour as well
    assert _without_gloss((0.2, 0.4), [0.01, 0.012]) == (0.2, 0.4)  # a grey picture says nothing about gloss
