"""The words for light and style in a brief can be seen: on her face, at her edges, in the grade."""

import tomllib
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from tests.models.storyboard.portraits import eileen, luma

from samecast.core.brief import Brief
from samecast.models.storyboard.develop import grade_colours
from samecast.models.storyboard.relight import relight
from samecast.models.storyboard.scene import Grade, Light, Scene
from samecast.models.storyboard.style import looks, styled, undrawn, without_colour
from samecast.ports import Floats, Pixels

LIGHTS = (
    Light(colour=(1.0, 0.96, 0.9), strength=0.9, direction=(0.7, 0.5, 0.5), role="key"),
    Light(colour=(1.0, 0.96, 0.9), strength=0.8, direction=(0.6, 0.5, -0.6), role="rim"),
    Light(colour=(0.8, 0.9, 1.0), strength=0.5, direction=(-0.5, 0.7, 0.5), role="fill"),
)
SCENE = Scene(place="park", layers=(), lights=LIGHTS, horizon=0.5, ambient=(0.6, 0.7, 0.8))


def _lit(*light: str, style: tuple[str, ...] = ()) -> tuple[Scene, Pixels]:
    scene = styled(SCENE, Brief(light=light, style=style))
    return scene, relight(eileen(), scene.lights, exposure=scene.subject_exposure, ambient=scene.ambient).steady


def _face(sheet: Pixels) -> Floats:
    face = eileen().face
    assert face is not None
    return np.asarray(sheet[..., :3][eileen().relief.face > 0.8], np.float32)


def _cheeks(sheet: Pixels) -> tuple[float, float]:
    face = eileen().face
    assert face is not None
    found = []
    for landmark in (50, 280):
        x, y = face.landmarks[landmark, :2].astype(int)
        found.append(float(luma(sheet[..., :3])[y - 5 : y + 6, x - 5 : x + 6].mean()))
    return found[0], found[1]


def _edges(sheet: Pixels) -> tuple[float, float]:
    """Mean luma along the head's left and right outline."""
    light, (x, y, w, h) = luma(sheet[..., :3]), (int(v) for v in eileen().head)
    left, right = [], []
    for row in range(y + h // 4, y + int(0.6 * h)):
        solid = np.flatnonzero(eileen().alpha[row, max(0, x - 10) : x + w + 10] > 0.8) + max(0, x - 10)
        left.append(light[row, solid[1:7]].mean())
        right.append(light[row, solid[-7:-1]].mean())
    return float(np.mean(left)), float(np.mean(right))


def test_backlit_darkens_the_face_and_edges_the_head_on_both_sides() -> None:
    plain, backlit = _lit()[1], _lit("backlit")[1]
    assert _face(backlit).mean() < 0.8 * _face(plain).mean()
    for before, after in zip(_edges(plain), _edges(backlit), strict=True):
        assert after / _face(backlit).mean() > 1.25 * before / _face(plain).mean()


def test_a_silhouette_has_no_features_left() -> None:
    assert _face(_lit("silhouette")[1]).mean() < 0.3 * _face(_lit()[1]).mean()


def test_soft_light_evens_the_cheeks_and_hard_light_parts_them() -> None:
    ratios = [max(c) / min(c) for c in (_cheeks(_lit(word)[1]) for word in ("soft", "hard"))]
    assert ratios[1] > ratios[0] + 0.08


@pytest.mark.parametrize("word", ["warm", "fire", "candle", "lamp"])
def test_warm_words_warm_the_face(word: str) -> None:
    """Through the grade, as the take shows it."""

    def warmth(lit: tuple[Scene, Pixels]) -> float:
        shown = grade_colours(_face(lit[1])[None] / np.float32(255), lit[0].grade)[0].mean(axis=0)
        return float(shown[0] / shown[2])

    assert warmth(_lit(word)) > 1.08 * warmth(_lit())
    assert warmth(_lit("cold")) < 0.95 * warmth(_lit())


def test_firelight_flickers_and_daylight_does_not() -> None:
    fire, day = styled(SCENE, Brief(light=("fire",))), styled(SCENE, Brief())
    assert relight(eileen(), fire.lights, exposure=-1.0, ambient=fire.ambient).flicker is not None
    assert relight(eileen(), day.lights, exposure=-1.0, ambient=day.ambient).flicker is None


def test_noir_is_colourless_and_deep() -> None:
    scene = styled(SCENE, Brief(style=("noir",)))
    colours = np.array([[[0.4, 0.25, 0.15], [0.9, 0.6, 0.3]]], np.float32)
    shown, plain = grade_colours(colours, scene.grade), grade_colours(colours, SCENE.grade)
    assert np.ptp(shown, axis=2).max() < 0.02
    dark, bright = shown.mean(axis=2)[0]
    assert dark < 0.8 * (plain[0, 0] @ np.array([0.2126, 0.7152, 0.0722]))
    assert bright > 3 * dark


def test_teal_and_orange_parts_shadows_from_highlights() -> None:
    greys = np.array([[[0.2] * 3, [0.8] * 3]], np.float32)
    dark, light = grade_colours(greys, styled(SCENE, Brief(style=("teal_orange",))).grade)[0]
    assert dark[2] > dark[0] + 0.05
    assert light[0] > light[2] + 0.05


def test_the_golden_hour_is_not_warmed_three_times() -> None:
    """The prompt's two words are read as an hour, a warm light and a warm style; the hour's palette is warm already."""
    brief = Brief(time_of_day="golden hour", light=("warm", "backlit"), style=("golden_warm",))
    assert styled(SCENE, brief) == styled(SCENE, replace(brief, light=("backlit",), style=()))


def test_every_kind_of_light_the_prompts_know_has_a_look() -> None:
    text = resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8")
    tree = tomllib.loads(text)
    for light in [*tree["light"], *tree["light_colours"]]:
        if light == "nouns":
            continue
        assert ("light", light) in looks(), light


def test_what_has_no_look_is_named() -> None:
    assert undrawn(Brief(style=("noir", "anime"))) == ("anime",)


def test_a_scene_without_colour_is_grey_to_its_lights() -> None:
    scene = without_colour(replace(SCENE, grade=Grade(saturation=1.3)))
    orange = np.full((4, 4, 3), (0.9, 0.5, 0.1), np.float32)
    assert np.ptp(grade_colours(orange, scene.grade), axis=2).max() < 0.01


def test_colours_given_to_light_edge_her_from_the_sides_they_are_named_in() -> None:
    """ "Red and cyan light": red from the left, cyan from the right."""
    x, y, w, h = (int(v) for v in eileen().head)
    plain, lit = (_lit(*light)[1][..., :3].astype(np.float32) for light in ((), ("red", "cyan")))
    gained = lit - plain
    rows = range(y + h // 4, y + int(0.6 * h))
    left, right = [], []
    for row in rows:
        solid = np.flatnonzero(eileen().alpha[row, max(0, x - 10) : x + w + 10] > 0.8) + max(0, x - 10)
        left.append(gained[row, solid[1:7]].mean(axis=0))
        right.append(gained[row, solid[-7:-1]].mean(axis=0))
    assert np.mean(left, axis=0)[0] > np.mean(left, axis=0)[2] + 15
    assert np.mean(right, axis=0)[2] > np.mean(right, axis=0)[0] + 15
