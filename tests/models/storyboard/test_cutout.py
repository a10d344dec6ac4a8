"""The cut-out keeps the subject's colours, carries no background, and knows its head and its cuts."""

import cv2
import numpy as np
import pytest
from tests.models.storyboard.portraits import BLACK, GREEN, astronaut, cat, eileen, over

from samecast.core.errors import RenderFailed
from samecast.models.storyboard.cutout import cut_out, foreground, within_reach
from samecast.ports import Picture


def test_alpha_is_solid_on_the_face_and_nothing_at_the_background() -> None:
    cutout = eileen()
    assert cutout.face is not None
    x, y = cutout.face.landmarks[:468, :2].mean(axis=0).astype(int)
    assert cutout.alpha[y - 20 : y + 20, x - 15 : x + 15].min() > 0.98
    assert cutout.alpha[:20, -20:].max() < 0.02


def test_colours_are_her_own_up_to_the_edge() -> None:
    """A synthetic subject on a hard background: soft edge pixels must not hold any of it."""
    truth = np.zeros((200, 200), np.uint8)
    cv2.circle(truth, (100, 100), 60, 255, -1)
    alpha = cv2.GaussianBlur(truth, (0, 0), 4).astype(np.float32) / 255.0
    own, behind = np.array([200.0, 80.0, 60.0]), np.array([20.0, 240.0, 250.0])
    mixed = own * alpha[..., None] + behind * (1.0 - alpha[..., None])
    found = foreground(np.rint(mixed).astype(np.uint8), alpha)
    edge = (alpha > 0.15) & (alpha < 0.95)
    assert np.abs(found[edge] - own).mean() < 12
    assert np.abs(mixed[edge] - own).mean() > 60


def test_no_light_background_clings_to_dark_hair() -> None:
    """The wall behind her is much lighter than the hair's shadow side: over black no edge pixel may be that light."""
    cutout = eileen()
    hair = slice(40, 130), slice(0, cutout.width // 2)
    edge = ((cutout.alpha > 0.1) & (cutout.alpha < 0.9))[hair]
    wall = np.array([200.0, 195.0, 190.0])
    black = over(cutout.premultiplied(), BLACK)[hair][edge].astype(np.float32)
    thin = cutout.alpha[hair][edge][:, None]
    leaked = (np.abs(black / thin - wall).max(axis=1) < 30).mean()
    assert leaked < 0.1
    green = over(cutout.premultiplied(), GREEN)[hair][edge].astype(np.float32)
    assert np.abs(green - (black + np.array([0, 255, 0]) * (1.0 - thin))).max() < 3


def test_the_photographs_cut_is_known_and_only_that() -> None:
    cuts = eileen().cuts
    assert cuts.top == ()
    assert sum(b - a for a, b in cuts.bottom) > 0.8 * eileen().width


def test_the_head_holds_hair_and_chin() -> None:
    cutout = eileen()
    assert cutout.face is not None
    x, y, w, h = cutout.head
    face_x, face_y, face_w, face_h = cutout.face.box
    assert y < face_y - 0.15 * face_h
    assert x <= face_x
    assert x + w >= face_x + face_w
    assert abs((y + h) - (face_y + face_h)) < 0.1 * face_h
    assert cutout.alpha[: max(1, int(y) - 6)].max(initial=0.0) < 0.6
    assert face_y < cutout.eye_line < face_y + 0.5 * face_h


def test_normals_face_the_camera_and_turn_away_at_the_sides() -> None:
    cutout = eileen()
    normals = cutout.relief.normals
    assert np.allclose(np.linalg.norm(normals, axis=2), 1.0, atol=1e-2)
    row = int(cutout.eye_line)
    solid = np.flatnonzero(cutout.alpha[row] > 0.9)
    assert normals[row, solid[2], 0] < -0.3
    assert normals[row, solid[-3], 0] > 0.3
    assert cutout.face is not None
    tip = cutout.face.landmarks[4, :2].astype(int)
    assert normals[tip[1], tip[0], 2] > 0.8
    ear = cutout.face.landmarks[234, :2].astype(int)
    assert cutout.relief.head_depth[tip[1], tip[0]] > cutout.relief.head_depth[ear[1], ear[0]] + 5


def test_an_animal_gets_a_head_region_but_no_face() -> None:
    picture, matte = cat()
    cutout = cut_out(picture, matte, [])
    assert cutout.face is None
    x, y, w, h = cutout.head
    assert w > 20
    assert 0 <= y < y + h <= cutout.height
    assert y < cutout.eye_line < y + h
    assert x >= 0
    assert cutout.cuts.bottom
    assert cutout.relief.face.max() == 0.0


def test_an_empty_matte_is_a_clear_error() -> None:
    with pytest.raises(RenderFailed, match="No subject"):
        cut_out(Picture(rgb=np.zeros((50, 50, 3), np.uint8)), np.zeros((50, 50), np.float32), [])


def test_a_huge_reference_is_reduced_and_says_so() -> None:
    picture, faces, matte = astronaut()
    size = (2048, 2048)
    large = Picture(rgb=np.asarray(cv2.resize(picture.rgb, size), np.uint8))
    cutout = cut_out(large, np.asarray(cv2.resize(matte, size), np.float32), [])
    assert cutout.scale < 1.0
    assert max(cutout.width, cutout.height) <= 1400
    assert faces


def test_a_black_and_white_reference_is_known_by_its_lack_of_colour() -> None:
    picture, faces, matte = astronaut()
    assert not eileen().grey
    grey = np.repeat(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    assert cut_out(Picture(rgb=grey), matte, faces).grey
    sepia = np.clip(grey * np.array([1.05, 0.98, 0.86]), 0, 255).astype(np.uint8)
    assert cut_out(Picture(rgb=sepia), matte, faces).grey


def test_a_huge_reference_is_reduced_with_its_transparency() -> None:
    huge = Picture(rgb=np.zeros((2000, 2800, 3), np.uint8), alpha=np.full((2000, 2800), 200, np.uint8))
    small = within_reach(huge)
    assert (small.width, small.height) == (1400, 1000)
    assert small.alpha is not None
    assert small.alpha.shape == (1000, 1400)
    assert within_reach(small) is small
