"""The frames a score is made from: evenly spaced ones and one soon after each cut, each with its shot."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from benchmarks.odd_clips import encode
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.media import LocalMedia, clips
from samecast.media.clips import AFTER_CUT, MOST_CUT_FRAMES, shot_at, wanted_times
from samecast.ports import Cutting, Pixels

FPS = 24


def grey(shots: list[int]) -> list[Pixels]:
    """Frames whose red tells the shot and whose green the frame."""
    numbered = enumerate(number for number, frames in enumerate(shots) for _ in range(frames))
    return [np.full((64, 64, 3), (20 + 10 * shot, frame % 250, 90), np.uint8) for frame, shot in numbered]


def cutting(shots: list[int]) -> Cutting:
    ends = list(itertools.accumulate(shots))
    return Cutting(seconds=ends[-1] / FPS, frames=ends[-1], cuts=tuple(end / FPS for end in ends[:-1]))


def number_of(rgb: Pixels) -> tuple[int, int]:
    red, green, _ = rgb.reshape(-1, 3).mean(axis=0)
    return round((red - 20) / 10), round(green)


def lossless(path: Path, frames: list[Pixels], times: list[int] | None = None) -> Path:
    return encode(path, frames, codec="ffv1", pixels="bgr0", times=times)


def test_evenly_spaced_and_soon_after_each_cut(media: LocalMedia, tmp_path: Path) -> None:
    shots = [30, 6, 40, 2, 42]
    path = lossless(tmp_path / "a.mkv", grey(shots))
    judged = list(media.judged_frames(path, 4, cutting(shots)))
    # The middles of four stretches of 30 frames; 4 frames after a cut, or the middle of a shot of fewer than 8.
    assert [number_of(frame.rgb) for frame in judged] == [
        (0, 15),
        (1, 33),
        (2, 40),
        (2, 45),
        (2, 75),
        (3, 77),
        (4, 82),
        (4, 105),
    ]
    assert [frame.shot for frame in judged] == [number_of(frame.rgb)[0] for frame in judged]


def test_a_short_first_shot_is_looked_at(media: LocalMedia, tmp_path: Path) -> None:
    shots = [3, 93]
    judged = list(media.judged_frames(lossless(tmp_path / "a.mkv", grey(shots)), 1, cutting(shots)))
    assert [number_of(frame.rgb) for frame in judged] == [(0, 1), (1, 7), (1, 48)]


def test_no_more_frames_than_there_are(media: LocalMedia, tmp_path: Path) -> None:
    shots = [4, 4]
    judged = list(media.judged_frames(lossless(tmp_path / "a.mkv", grey(shots)), 32, cutting(shots)))
    assert [number_of(frame.rgb)[1] for frame in judged] == list(range(8))
    with pytest.raises(InvalidInput):
        media.judged_frames(tmp_path / "a.mkv", 0, cutting(shots))


def test_of_very_many_cuts_as_many_as_allowed_are_looked_at_evenly() -> None:
    many = cutting([12] * 500)
    wanted = wanted_times(32, many)
    assert 32 + MOST_CUT_FRAMES - 5 <= len(wanted) <= 32 + MOST_CUT_FRAMES
    assert max(b - a for a, b in itertools.pairwise([0.0, *wanted, many.seconds])) < 4 * many.seconds / len(wanted)


def test_a_variable_rate_is_judged_by_time(media: LocalMedia, tmp_path: Path) -> None:
    # 24 quick frames, one that stays for three seconds, 24 quick ones of another shot.
    times = [*range(25), *range(96, 120)]
    path = lossless(tmp_path / "a.mkv", grey([25, 24]), times)
    known = Cutting(seconds=5.0, frames=49, cuts=(4.0,))
    judged = list(media.judged_frames(path, 5, known))
    assert [number_of(frame.rgb) for frame in judged] == [(0, 12), (0, 24), (1, 29), (1, 37)]
    assert [frame.seconds for frame in judged] == pytest.approx([0.5, 1.0, 100 / 24, 108 / 24], abs=2e-3)


def test_jumping_in_a_long_clip_gives_the_same_frames(
    media: LocalMedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A frame each two seconds: 60 frames make two minutes, with a cut every 24 seconds and a key frame every 16.
    shots = [12] * 5
    for name, codec, pixels in (
        ("a.mp4", "libx264", "yuv444p"),
        ("a.mkv", "libx264", "yuv444p"),
        ("a.ts", "libx264", "yuv444p"),
    ):
        frames = grey(shots)
        path = encode(
            tmp_path / name,
            frames,
            codec=codec,
            pixels=pixels,
            times=list(range(0, 48 * 60, 48)),
            options={"g": "8", "crf": "4"},
        )
        known = Cutting(seconds=120.0, frames=60, cuts=(24.0, 48.0, 72.0, 96.0))
        jumped = [
            (round(frame.seconds), frame.shot, *number_of(frame.rgb)) for frame in media.judged_frames(path, 6, known)
        ]
        with monkeypatch.context() as patched:
            patched.setattr(clips, "SEEK_GAP", 1e9)
            read = [(round(f.seconds), f.shot, *number_of(f.rgb)) for f in media.judged_frames(path, 6, known)]
        assert jumped == read, name
        assert [shot for _, shot, _, _ in jumped] == [shot for _, _, shot, _ in jumped], name
        assert len(jumped) == 10


@settings(max_examples=300, deadline=None)
@given(
    shots=st.lists(st.integers(1, 90), min_size=1, max_size=MOST_CUT_FRAMES),
    count=st.integers(1, 64),
    fps=st.sampled_from([5.0, 23.976, 24.0, 25.0, 60.0]),
)
def test_whatever_the_cuts(shots: list[int], count: int, fps: float) -> None:
    """Sorted, each once, the middle of each of `count` stretches among them, and at least one in every shot."""
    total = sum(shots)
    assume(count < total)
    cuts = tuple(end / fps for end in itertools.accumulate(shots))[:-1]
    known = Cutting(seconds=total / fps, frames=total, cuts=cuts)
    every = ((number / fps, number) for number in range(total))
    picked = list(clips.nearest(every, wanted_times(count, known)))  # type: ignore[arg-type]
    times = [time for time, _ in picked]
    assert times == sorted(set(times))
    for stretch in range(count):
        middle = (stretch + 0.5) * known.seconds / count
        assert any(time <= middle + 1e-4 and middle < time + 1 / fps + 1e-4 for time in times)
    assert {shot_at(time, cuts) for time in times} == set(range(len(shots)))
    for cut in cuts:
        assert any(-1e-6 <= time - cut <= AFTER_CUT + 1e-6 for time in times)
