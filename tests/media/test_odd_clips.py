"""Clips that go wrong in every way clips do: frames, or one clear line and a hint."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.footage import Footage, ShotPlan, View, photographs
from benchmarks.odd_clips import BROKEN, EMPTY, SOUND, WHOLE, Maker, encode, no_duration, one_frame, sound

from samecast.core.errors import BadMedia
from samecast.media import LocalMedia
from samecast.ports import Pixels


@pytest.fixture(scope="module")
def frames() -> list[Pixels]:
    """Two seconds of a camera that pans over a photograph."""
    pan = ShotPlan(picture=photographs()[0], frames=48, start=View(x=0.45), end=View(x=0.6))
    return list(Footage(shots=(pan,), width=160, height=120).frames())


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE.keys())
def test_odd_clips_are_read_whole_and_upright(
    media: LocalMedia, frames: list[Pixels], tmp_path: Path, make: Maker
) -> None:
    path = make(tmp_path, frames)
    cutting = media.read_through(path)
    variable = make is WHOLE["variable rate"]
    assert cutting.frames == 48
    assert cutting.seconds == pytest.approx(5.0 if variable else 2.0, abs=0.01)
    assert (cutting.cuts, cutting.damaged) == ((), False)
    judged = list(media.judged_frames(path, 1000, cutting))
    assert len(judged) == 48
    for number in (0, 20, 47):
        height, width = judged[number].rgb.shape[:2]
        apart = np.abs(judged[number].rgb.astype(float) - frames[number][:height, :width])
        assert apart.mean() < 8, number  # one frame on it is 8, upside down 60
        assert np.abs(judged[number].rgb.astype(float) - frames[47 - number][:height, :width]).mean() > 12
    evenly = [frame.seconds for frame in media.judged_frames(path, 8, cutting)]
    assert len(evenly) == 8
    assert evenly[-1] > 0.9 * cutting.seconds


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN.keys())
def test_broken_clips_give_what_there_is_and_say_so(
    media: LocalMedia, frames: list[Pixels], tmp_path: Path, make: Maker
) -> None:
    path = make(tmp_path, frames)
    cutting = media.read_through(path)
    assert cutting.damaged
    assert 10 < cutting.frames < 48
    judged = list(media.judged_frames(path, 8, cutting))
    assert 6 <= len(judged) <= 8
    assert judged[-1].seconds <= cutting.seconds


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY.keys())
def test_clips_without_frames_are_refused(media: LocalMedia, frames: list[Pixels], tmp_path: Path, make: Maker) -> None:
    refused(media, make(tmp_path, frames))


def refused(media: LocalMedia, path: Path) -> str:
    with pytest.raises(BadMedia) as caught:
        media.read_through(path)
    assert path.name in caught.value.message
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    with pytest.raises(BadMedia):
        media.clip_facts(path)
    return caught.value.message


@pytest.mark.parametrize(("name", "codec"), SOUND)
def test_sound_has_no_picture(media: LocalMedia, tmp_path: Path, name: str, codec: str) -> None:
    assert "no picture" in refused(media, sound(tmp_path, name, codec))


@pytest.mark.parametrize(("name", "codec"), [("sound.mp3", "libmp3lame"), ("sound.mp4", "aac")])
def test_cover_art_is_no_picture_of_a_clip(
    media: LocalMedia, frames: list[Pixels], tmp_path: Path, name: str, codec: str
) -> None:
    assert "no picture" in refused(media, sound(tmp_path, name, codec, cover=frames[0]))


def test_one_frame(media: LocalMedia, frames: list[Pixels], tmp_path: Path) -> None:
    path = one_frame(tmp_path, frames)
    cutting = media.read_through(path)
    assert (cutting.frames, cutting.cuts, cutting.damaged) == (1, (), False)
    assert (cutting.flicker, cutting.frozen) == (None, None)  # nothing to compare it with
    assert cutting.seconds == pytest.approx(1 / 24, abs=0.01)
    assert [frame.seconds for frame in media.judged_frames(path, 32, cutting)] == [0]


def test_the_share_done_grows_to_one(media: LocalMedia, frames: list[Pixels], tmp_path: Path) -> None:
    for path in (encode(tmp_path / "a.mp4", frames), no_duration(tmp_path, frames)):
        told: list[float] = []
        media.read_through(path, told.append)
        assert told == sorted(told)
        assert told[-1] == 1.0
        assert all(0 <= share <= 1 for share in told)
    assert len(told) == 1  # without a duration nobody knows before the end


def test_a_very_large_clip_is_read_small(media: LocalMedia, tmp_path: Path) -> None:
    grey = [np.full((4320, 7680, 3), 40 + number * 30, np.uint8) for number in range(3)]
    path = encode(tmp_path / "8k.mp4", grey)
    cutting = media.read_through(path)
    assert (cutting.frames, cutting.damaged) == (3, False)
