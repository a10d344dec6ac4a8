"""The scene's light falls where it comes from, and she stays who she is."""

import numpy as np
import pytest
from tests.models.storyboard.portraits import BLACK, FILL, KEY, astronaut, eileen, luma, over, reader

from samecast.models.storyboard.relight import relight
from samecast.models.storyboard.scene import Light
from samecast.ports import Picture, Pixels

NIGHT = (0.10, 0.08, 0.22)
DAY = (0.65, 0.72, 0.8)


def _rim(direction: tuple[float, float, float], flicker: float = 0.0) -> Light:
    return Light(colour=(1.0, 0.2, 0.7), strength=1.2, direction=direction, role="rim", flicker=flicker)


def _sides(sheet: Pixels) -> tuple[float, float]:
    """Mean luma of the head's left and right silhouette, a few pixels deep."""
    cutout = eileen()
    x, y, w, h = (int(v) for v in cutout.head)
    left, right = [], []
    light = luma(sheet[..., :3])
    for row in range(y + h // 4, y + int(0.6 * h)):
        solid = np.flatnonzero(cutout.alpha[row, max(0, x - 10) : x + w + 10] > 0.8) + max(0, x - 10)
        left.append(light[row, solid[1:7]].mean())
        right.append(light[row, solid[-7:-1]].mean())
    return float(np.mean(left)), float(np.mean(right))


def _cheeks(sheet: Pixels) -> tuple[float, float]:
    cutout = eileen()
    assert cutout.face is not None
    light = luma(sheet[..., :3])
    patches = []
    for landmark in (50, 280):
        x, y = cutout.face.landmarks[landmark, :2].astype(int)
        patches.append(float(light[y - 5 : y + 6, x - 5 : x + 6].mean()))
    return patches[0], patches[1]


def test_a_rim_from_the_left_edges_the_left_only() -> None:
    plain = _sides(relight(eileen(), (KEY,), exposure=-1.5, ambient=NIGHT).steady)
    lit = _sides(relight(eileen(), (KEY, _rim((-0.9, 0.2, -0.5))), exposure=-1.5, ambient=NIGHT).steady)
    assert lit[0] - plain[0] > 20
    assert lit[0] - plain[0] > 4 * (lit[1] - plain[1])


def test_a_rim_is_no_outline_of_one_width() -> None:
    """It must die away where the form turns from the light: not light the whole outline, nor the face's middle."""
    cutout = eileen()
    plain = relight(cutout, (KEY,), exposure=-1.5, ambient=NIGHT).steady
    lit = relight(cutout, (KEY, _rim((-0.9, 0.2, -0.5))), exposure=-1.5, ambient=NIGHT).steady
    gained = luma(lit) - luma(plain)
    assert cutout.face is not None
    x, y = cutout.face.landmarks[4, :2].astype(int)
    assert abs(gained[y - 6 : y + 6, x - 4 : x + 4]).mean() < 4
    widths = (gained > 12).sum(axis=1)[int(cutout.head[1]) + 10 : cutout.height - 10]
    assert widths.std() > 0.3 * widths.mean()


@pytest.mark.parametrize(("x", "brighter"), [(-0.8, 0), (0.8, 1)])
def test_the_key_shapes_the_face_from_its_side(x: float, brighter: int) -> None:
    key = Light(colour=(1.0, 1.0, 1.0), strength=1.0, direction=(x, 0.2, 0.5), role="key")
    cheeks = _cheeks(relight(eileen(), (key,), exposure=0.0, ambient=DAY).steady)
    assert cheeks[brighter] > 1.08 * cheeks[1 - brighter]


def test_night_is_darker_yet_the_face_can_be_read() -> None:
    day = _cheeks(relight(eileen(), (KEY, FILL), exposure=0.0, ambient=DAY).steady)
    night = _cheeks(relight(eileen(), (KEY, FILL), exposure=-1.6, ambient=NIGHT).steady)
    assert np.mean(night) < 0.75 * np.mean(day)
    abyss = _cheeks(relight(eileen(), (KEY, FILL), exposure=-6.0, ambient=NIGHT).steady)
    assert 40 < np.mean(abyss) < np.mean(night)


def test_skin_keeps_its_hue_under_coloured_light() -> None:
    neon = Light(colour=(0.5, 0.5, 1.0), strength=1.0, direction=(0.2, 0.3, 0.9), role="key")
    sheet = relight(eileen(), (neon,), exposure=-1.0, ambient=NIGHT).steady
    assert eileen().face is not None
    x, y = eileen().face.landmarks[50, :2].astype(int)  # type: ignore[union-attr]
    red, green, blue = sheet[y - 5 : y + 6, x - 5 : x + 6, :3].reshape(-1, 3).mean(axis=0)
    assert red > green
    assert red > 0.9 * blue


@pytest.mark.parametrize("exposure", [0.0, -1.6])
def test_the_recogniser_still_knows_her(exposure: float) -> None:
    identity = pytest.importorskip("samecast.vision.identity")
    encoder = identity.DlibIdentity()
    picture, faces, _ = astronaut()
    lights = (
        Light(colour=(0.8, 0.85, 1.0), strength=0.9, direction=(-0.6, 0.4, 0.7), role="key"),
        _rim((-0.9, 0.2, -0.5)),
        Light(colour=(0.1, 0.9, 1.0), strength=1.1, direction=(0.9, 0.3, -0.5), role="rim"),
    )
    relit = over(relight(eileen(), lights, exposure=exposure, ambient=NIGHT).steady, (20, 18, 50))
    again = reader().faces(relit)
    assert again
    distance = encoder.distance(encoder.encode(picture.rgb, faces[0]), encoder.encode(relit, again[0]))
    assert distance < 0.45


def test_flickering_light_comes_as_its_own_sheet() -> None:
    steady_only = relight(eileen(), (KEY, _rim((-0.9, 0.2, -0.5))), exposure=-1.5, ambient=NIGHT)
    assert steady_only.flicker is None
    lit = relight(eileen(), (KEY, _rim((-0.9, 0.2, -0.5), flicker=0.8)), exposure=-1.5, ambient=NIGHT)
    assert lit.flicker is not None
    assert lit.flicker[..., 3].max() == 0
    together = lit.steady.astype(int) + lit.flicker
    assert np.abs(together - steady_only.steady).max() <= 2
    assert _sides(lit.flicker)[0] > 10


def test_the_sheet_is_premultiplied_and_empty_outside() -> None:
    sheet = relight(eileen(), (KEY, _rim((0.9, 0.2, -0.5))), exposure=-1.0, ambient=NIGHT).steady
    assert sheet[eileen().alpha < 0.001].max(initial=0) == 0
    assert (sheet[..., :3].max(axis=2).astype(int) <= sheet[..., 3].astype(int) + 1).all()
    assert over(sheet, BLACK).shape == (eileen().height, eileen().width, 3)


def test_a_transparent_pictures_subject_without_a_face_is_lit_too() -> None:
    from samecast.models.storyboard.cutout import cut_out

    alpha = np.zeros((120, 120), np.float32)
    alpha[20:100, 30:90] = 1.0
    thing = cut_out(Picture(rgb=np.full((120, 120, 3), 120, np.uint8)), alpha, [])
    sheet = relight(thing, (_rim((-0.9, 0.0, -0.4)),), exposure=0.0, ambient=NIGHT).steady
    middle = sheet[sheet.shape[0] // 2].astype(int)
    solid = np.flatnonzero(middle[:, 3] > 250)
    assert middle[solid[2], 0] > middle[solid[-3], 0] + 10


def test_cloth_takes_more_of_a_lights_colour_than_skin_does() -> None:
    blue = Light(colour=(0.3, 0.5, 1.0), strength=1.0, direction=(0.2, 0.4, 0.9), role="key")
    cutout = eileen()
    assert cutout.face is not None
    white = Light(colour=(1.0, 1.0, 1.0), strength=1.0, direction=(0.2, 0.4, 0.9), role="key")
    plain, lit = (relight(cutout, (key,), exposure=-0.5, ambient=(0.5, 0.5, 0.5)).steady for key in (white, blue))
    face = cutout.relief.face > 0.8
    cloth = (np.arange(cutout.height)[:, None] > cutout.head[1] + 2 * cutout.head[3]) & (cutout.alpha > 0.98)

    def drained(where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
        """How much of the red against the green the blue light took."""
        before, after = (sheet[where].astype(float)[:, :2].sum(axis=0) for sheet in (plain, lit))
        return float((before[0] / before[1]) / (after[0] / after[1]))

    assert drained(cloth) > drained(face) + 0.02


def test_little_fill_leaves_deep_shadows() -> None:
    side = Light(colour=(1.0, 1.0, 1.0), strength=0.9, direction=(0.9, 0.2, 0.4), role="key")
    fills = [Light(colour=(1.0, 1.0, 1.0), strength=s, direction=(-0.5, 0.5, 0.7), role="fill") for s in (0.1, 0.7)]
    dark, open_ = (_cheeks(relight(eileen(), (side, fill), exposure=0.0, ambient=DAY).steady) for fill in fills)
    assert dark[0] / dark[1] < 0.9 * open_[0] / open_[1]
