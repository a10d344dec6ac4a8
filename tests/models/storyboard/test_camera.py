"""The camera's path and where it puts layers: parallax, direction, and never an empty edge."""

import math
from typing import Any

import numpy as np
import pytest

from samecast.core.prompt import Brief
from samecast.models.storyboard.camera import CameraPath, choose_path, layer_affine, subject_affine
from samecast.models.storyboard.scene import Frame

FRAME = Frame(width=720, height=1280)
VANISH = (0.5, 0.45)
MOVES = ["static", "push in", "pull out", "pan", "tilt", "tracking", "handheld", "arc"]


def path(move: str, **changes: Any) -> CameraPath:
    settings: dict[str, Any] = {
        "move": move,
        "seconds": 4.0,
        "amount": 1.0,
        "sign": 1,
        "shake": 0.0,
        "phase": 0.0,
    } | changes
    return CameraPath(**settings)


def where(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    return np.asarray(matrix @ np.array([x, y, 1.0]))


def moved(move: str, depth: float, **changes: Any) -> np.ndarray:
    """How far a point right of the middle travels on screen over the clip, at a depth."""
    chosen = path(move, **changes)
    first, last = (layer_affine(chosen.at(t), FRAME, depth, vanish=VANISH) for t in (0.0, 4.0))
    assert first is not None
    assert last is not None
    return np.asarray(where(last, 600, 700) - where(first, 600, 700))


def test_near_layers_travel_further_than_far_ones():
    for move in ("push in", "pull out", "tracking", "arc"):
        near, middle, far = (np.hypot(*moved(move, depth)) for depth in (1.6, 5.0, 40.0))
        assert near > 1.5 * middle > 2.0 * far, move


def test_infinity_only_turns_with_the_camera():
    assert np.hypot(*moved("push in", math.inf)) < 1e-6
    assert np.hypot(*moved("pan", math.inf)) > 30


def test_pushing_in_spreads_the_scene_and_pulling_out_gathers_it():
    assert moved("push in", 2.0)[0] > 10
    assert moved("pull out", 2.0)[0] < -10


def test_the_sign_turns_a_pan_and_a_tilt_around():
    assert moved("pan", 5.0)[0] * moved("pan", 5.0, sign=-1)[0] < 0
    assert moved("tilt", 5.0)[1] * moved("tilt", 5.0, sign=-1)[1] < 0


def test_a_followed_subject_stays_while_the_place_goes_by():
    chosen = path("tracking")
    corners = [where(subject_affine(chosen.at(t), FRAME, vanish=VANISH), 360, 400) for t in (0.0, 2.0, 4.0)]
    assert np.ptp(corners, axis=0).max() < 20
    assert np.hypot(*moved("tracking", 2.0)) > 60


@pytest.mark.parametrize("move", MOVES)
def test_no_move_ever_shows_the_edge_of_a_covering_layer(move: str):
    overscan = (0.15, 0.08)
    for sign in (-1, 1):
        for vertical in (False, True):
            chosen = path(move, sign=sign, amount=1.2 * 1.35, shake=1.2, vertical=vertical)
            for t in np.linspace(0, 4, 17):
                matrix = layer_affine(chosen.at(float(t)), FRAME, 12.0, vanish=VANISH)
                assert matrix is not None
                left, top = where(matrix, -overscan[0] * 720, -overscan[1] * 1280)
                right, bottom = where(matrix, (1 + overscan[0]) * 720, (1 + overscan[1]) * 1280)
                assert left <= 0, (move, t)
                assert top <= 0, (move, t)
                assert right >= 720, (move, t)
                assert bottom >= 1280, (move, t)


def test_what_the_lens_has_passed_is_gone():
    assert layer_affine(path("tracking").at(0.0), FRAME, 0.5, vanish=VANISH) is None


@pytest.mark.parametrize("move", MOVES)
def test_paths_are_smooth(move: str):
    chosen = path(move, shake=1.0)
    centres = np.array(
        [where(layer_affine(chosen.at(i / 24), FRAME, 4.0, vanish=VANISH), 500, 500) for i in range(97)]  # type: ignore[arg-type]
    )
    jumps = np.abs(np.diff(centres, n=2, axis=0)).max()
    assert jumps < 1.0


def test_the_brief_chooses_the_move_and_the_dice_its_manner():
    brief = Brief(camera="pan", direction="left")
    one = choose_path(brief, video=True, seconds=4, dice=np.random.default_rng(1))
    other = choose_path(brief, video=True, seconds=4, dice=np.random.default_rng(2))
    assert one.move == other.move == "pan"
    assert one.sign == other.sign == -1
    assert one.amount != other.amount
    assert choose_path(Brief(), video=True, seconds=4, dice=np.random.default_rng(1)).move == "push in"
    assert choose_path(Brief(), video=False, seconds=0, dice=np.random.default_rng(1)).move == "static"
