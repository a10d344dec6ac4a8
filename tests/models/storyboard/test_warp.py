"""She stands where she was placed, turns, blinks and breathes, and only she moves."""

import numpy as np
import pytest
from tests.models.storyboard.portraits import FRAME, canvas, eileen, luma, placement, puppet, reader

from samecast.models.storyboard.performance import Performance, Pose
from samecast.models.storyboard.relight import Lit
from samecast.models.storyboard.warp import Puppet
from samecast.ports import Floats, Pixels

LIDS = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380))


def _shot(pose: Pose, **camera: Floats) -> Pixels:
    frame = canvas()
    puppet().draw_into(frame, pose, **camera)  # type: ignore[arg-type]
    return frame


def _landmarks(frame: Pixels) -> Floats:
    faces = reader().faces(np.ascontiguousarray(frame[..., :3]))
    assert faces
    return faces[0].landmarks


def _openness(frame: Pixels) -> float:
    """The eye aspect ratio (Soukupova and Cech, 2016), the mean of both eyes."""
    points = _landmarks(frame)[:, :2]
    ratios = []
    for a, b, c, d, e, f in LIDS:
        tall = np.linalg.norm(points[b] - points[f]) + np.linalg.norm(points[c] - points[e])
        ratios.append(tall / (2 * np.linalg.norm(points[a] - points[d])))
    return float(np.mean(ratios))


def test_she_stands_where_she_was_placed() -> None:
    found = _landmarks(_shot(Pose()))[:468, :2]
    face = eileen().face
    assert face is not None
    place = placement()
    wanted = face.landmarks[:468, :2] @ place[:, :2].T + place[:, 2]
    assert np.abs(np.median(found - wanted, axis=0)).max() < 1.5


def test_a_mark_lands_within_a_pixel_of_its_place() -> None:
    cutout = eileen()
    sheet = np.zeros((cutout.height, cutout.width, 4), np.uint8)
    x, y = cutout.width // 2, cutout.height - 60
    sheet[y - 2 : y + 3, x - 2 : x + 3] = 255
    frame = canvas((0, 0, 0))
    Puppet(Lit(steady=sheet), cutout, placement(), FRAME).draw_into(frame, Pose())
    ys, xs = np.nonzero(luma(frame) > 100)
    wanted = placement()[:, :2] @ (x, y) + placement()[:, 2]
    assert abs(xs.mean() - wanted[0]) < 1.0
    assert abs(ys.mean() - wanted[1]) < 1.0


def test_the_camera_moves_her_as_it_says() -> None:
    shifted = _shot(Pose(), camera=np.array([[1.0, 0.0, 17.0], [0.0, 1.0, -9.0]]))
    still = _shot(Pose())
    inner = np.abs(shifted[100:500, 100:300].astype(int) - still[109:509, 83:283]).mean()
    assert inner < 1.0


def test_equal_moments_give_equal_pixels() -> None:
    performance = Performance(11, "walking", 4.0)
    first = [_shot(performance.at(i / 8)) for i in range(4)]
    again = [_shot(performance.at(i / 8)) for i in (3, 1, 0, 2)]
    for index, frame in zip((3, 1, 0, 2), again, strict=True):
        assert np.array_equal(first[index], frame)


@pytest.mark.parametrize("sign", [-1, 1])
def test_yaw_turns_the_nose_past_the_ears(sign: int) -> None:
    still, turned = _landmarks(_shot(Pose())), _landmarks(_shot(Pose(yaw=9.0 * sign)))
    moved = turned[:, 0] - still[:, 0]
    nose, temples = moved[4], 0.5 * (moved[127] + moved[356])
    assert sign * (nose - temples) > 3.0


def test_pitch_lifts_the_nose_against_the_temples() -> None:
    up, down = _landmarks(_shot(Pose(pitch=5.0))), _landmarks(_shot(Pose(pitch=-5.0)))
    lifted = down[:, 1] - up[:, 1]
    assert lifted[4] > 0.5 * (lifted[127] + lifted[356]) + 2.0


def test_a_blink_closes_the_eyes_and_opens_them_again() -> None:
    opened, half, closed = (_openness(_shot(Pose(blink=blink))) for blink in (0.0, 0.5, 1.0))
    assert closed < 0.62 * opened
    assert closed < half < opened
    before, blink = _shot(Pose()), _shot(Pose(blink=1.0))
    changed = np.abs(before.astype(int) - blink).max(axis=2) > 2
    face = eileen().face
    assert face is not None
    assert changed.any()
    rows = np.flatnonzero(changed.any(axis=1))
    eyes = float(placement()[1, 1] * eileen().eye_line + placement()[1, 2])
    assert abs(rows.mean() - eyes) < 0.1 * FRAME[1]
    assert np.array_equal(before, _shot(Pose()))


def test_breath_lifts_the_shoulders_and_nothing_behind_them() -> None:
    out, breath = _shot(Pose(breath=0.0)), _shot(Pose(breath=1.0))
    changed = np.abs(out.astype(int) - breath).max(axis=2) > 4
    shoulders = slice(int(0.45 * FRAME[1]), int(0.62 * FRAME[1]))
    assert changed[shoulders].mean() > 0.02
    assert not changed[:60].any()
    behind = (out[..., :3] == (60, 70, 90)).all(axis=2) & (breath[..., :3] == (60, 70, 90)).all(axis=2)
    assert behind.mean() > 0.2
    assert not changed[behind].any()


def test_a_turn_tears_nothing() -> None:
    """At the extremes her silhouette stays one piece without holes."""
    import cv2

    for pose in (Pose(yaw=11.0, pitch=6.0, roll=3.0), Pose(yaw=-11.0, pitch=-6.0, roll=-3.0)):
        frame = np.zeros((FRAME[1], FRAME[0], 4), np.uint8)
        puppet().draw_into(frame, pose)
        solid = (frame[..., 3] > 128).astype(np.uint8)
        _, _, parts, _ = cv2.connectedComponentsWithStats(solid)
        assert (parts[1:, cv2.CC_STAT_AREA] > 12).sum() == 1
        assert _landmarks(_shot(pose)) is not None


def test_a_step_never_bares_the_cut() -> None:
    """Bobbing up by a walker's step, the bottom of the frame stays covered."""
    still, stepped = _shot(Pose()), _shot(Pose(y=-0.06))
    middle = slice(FRAME[0] // 2 - 60, FRAME[0] // 2 + 60)
    assert (still[-1, middle, 3] == 255).all()
    assert (np.abs(stepped[-3:, middle, :3].astype(int) - (60, 70, 90)).max(axis=2) > 8).mean() > 0.9


def test_glow_brightens_by_the_flicker_sheet() -> None:
    cutout = eileen()
    steady = cutout.premultiplied() // 2
    flicker = np.zeros_like(steady)
    flicker[..., 0] = (cutout.alpha * 60).astype(np.uint8)
    figure = Puppet(Lit(steady=steady, flicker=flicker), cutout, placement(), FRAME)
    frames = []
    for glow in (0.0, 0.5, 1.0):
        frame = canvas()
        figure.draw_into(frame, Pose(), glow=glow)
        frames.append(frame[300:500, 150:250, 0].mean())
    assert frames[1] - frames[0] == pytest.approx(30, abs=2)
    assert frames[2] - frames[0] == pytest.approx(60, abs=2)


def test_an_opaque_canvas_stays_opaque() -> None:
    assert (_shot(Pose(yaw=5.0, blink=0.5))[..., 3] >= 254).all()
