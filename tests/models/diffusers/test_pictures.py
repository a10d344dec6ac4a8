"""Pictures are cropped, joined and enlarged as little as it takes, and frames are the very ones that were made."""

import numpy as np
import pytest
from PIL import Image

from samecast.core.errors import RenderFailed
from samecast.models.diffusers.pictures import GAP, WIDEST, fitted, frames_of, joined, made_size, shown
from samecast.ports import Picture


def picture(width: int, height: int) -> Picture:
    """Red grows to the right, green downwards."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0], rgb[..., 1] = np.linspace(0, 255, width), np.linspace(0, 255, height)[:, None]
    return Picture(rgb=rgb)


def test_what_is_large_enough_is_shown_as_it_is():
    whole = picture(80, 64)
    assert np.array_equal(np.asarray(shown(whole, least_side=64)), whole.rgb)
    assert shown(picture(100, 20), least_side=64).size == (320, 64)


def test_a_frame_is_covered_and_cropped_about_its_middle():
    wide = np.asarray(fitted(picture(200, 50), 40, 50))
    assert wide.shape == (50, 40, 3)
    assert wide[25, 0, 0] == pytest.approx(255 * 80 / 199, abs=2)
    assert wide[25, -1, 0] == pytest.approx(255 * 119 / 199, abs=2)
    tall = np.asarray(fitted(picture(50, 200), 64, 64))
    assert tall.shape == (64, 64, 3)
    assert tall[:, 32, 1].min() > 90
    assert fitted(picture(64, 48), 64, 48).tobytes() == picture(64, 48).rgb.tobytes()


def test_joined_pictures_stand_side_by_side():
    images = [Image.new("RGB", (30, 40), "red"), Image.new("RGB", (60, 80), "blue")]
    sheet = joined(images)
    assert sheet.size == (30 + GAP + 30, 40)
    assert [sheet.getpixel((x, 20)) for x in (0, 29, 30, 45, 46, 75)] == [
        (255, 0, 0), (255, 0, 0), (255, 255, 255), (255, 255, 255), (0, 0, 255), (0, 0, 255),
    ]  # fmt: skip


def test_a_wide_sheet_gets_white_above_and_below():
    sheet = joined([Image.new("RGB", (100, 20), "red")] * 2)
    assert sheet.width / sheet.height == pytest.approx(WIDEST, rel=0.02)
    assert sheet.getpixel((50, sheet.height // 2)) == (255, 0, 0)
    assert sheet.getpixel((50, 0)) == sheet.getpixel((50, sheet.height - 1)) == (255, 255, 255)


def test_sizes_that_are_made():
    assert made_size(1920, 1080, 16) == (1920, 1088)
    assert made_size(64, 48, 16) == (64, 48)


@pytest.mark.parametrize("form", ["floats", "bytes", "pictures"])
def test_frames_are_cropped_about_the_middle_and_to_the_first(form: str):
    made = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), np.uint8)
    value: object = {
        "floats": made / 255,
        "bytes": list(made),
        "pictures": [Image.fromarray(frame) for frame in made],
    }[form]
    frames = frames_of(value, width=60, height=40, count=3, multiple=16)
    assert len(frames) == 3
    assert all(np.array_equal(frame, whole[4:44, 2:62]) for frame, whole in zip(frames, made, strict=False))


@pytest.mark.parametrize("one", [np.zeros((48, 64, 3)), Image.new("RGB", (64, 48))])
def test_a_picture_is_one_frame(one: object):
    assert frames_of(one, width=64, height=48, count=1, multiple=16)[0].shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((2, 48, 64, 3)), "made 2 frames where 3"),
        (np.zeros((3, 48, 80, 3)), "made 80 x 48 where 64 x 48"),
        (np.zeros((3, 32, 64, 3)), "made 64 x 32 where 64 x 48"),
        (np.full((3, 48, 64, 3), np.nan), "out of range"),
    ],
)
def test_what_is_not_as_ordered_is_refused(value: object, said: str):
    with pytest.raises(RenderFailed, match=said):
        frames_of(value, width=64, height=48, count=3, multiple=16)
