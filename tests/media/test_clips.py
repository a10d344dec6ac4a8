"""Clips read back: which frames, at which times, which way up, in which colours; and what is refused."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from hypothesis import given, settings
from hypothesis import strategies as st

from samecast.core.errors import BadMedia, InvalidInput
from samecast.media import LocalMedia, clips, decoding
from samecast.ports import Pixels

Counting = Callable[..., Iterator[Pixels]]
NumberOf = Callable[[Pixels], int]

PATCHES = ((200, 40, 40), (40, 160, 60), (50, 60, 190), (230, 200, 170), (128, 128, 128), (20, 24, 30))


def patches(width: int = 192, height: int = 128) -> Pixels:
    """Six flat upright stripes of known colours."""
    frame = np.zeros((height, width, 3), np.uint8)
    step = width // len(PATCHES)
    for number, colour in enumerate(PATCHES):
        frame[:, number * step : (number + 1) * step] = colour
    return frame


def make(
    path: Path,
    frames: Iterator[Pixels],
    *,
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    times: Iterator[int] | None = None,
    turned: int = 0,
) -> Path:
    """A clip by other hands: any codec, pixel format, times in 1/24 s, and rotation tag."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        assert isinstance(stream, VideoStream)
        stream.pix_fmt = pixels
        stream.time_base = Fraction(1, 24)
        stream.codec_context.time_base = Fraction(1, 24)
        if codec == "mpeg4":
            stream.options = {"qscale": "1"}
            stream.bit_rate = 8_000_000
        if turned:
            stream.set_display_rotation(turned)
        for time, pixel in zip(times or itertools.count(), frames, strict=False):
            if time == 0:
                stream.height, stream.width = pixel.shape[:2]
            frame = VideoFrame.from_ndarray(pixel, format="rgb24").reformat(format=pixels)
            frame.pts = time
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_the_facts(media: LocalMedia, clip: Path) -> None:
    facts = media.clip_facts(clip)
    assert (facts.width, facts.height, facts.frames) == (64, 48, 48)
    assert facts.fps == pytest.approx(24)
    assert facts.seconds == pytest.approx(2)
    assert media.picture_or_clip(clip) == "video"


def test_frames_are_evenly_spaced_and_are_those_of_their_time(
    media: LocalMedia, clip: Path, number_of: NumberOf
) -> None:
    read = list(media.clip_frames(clip, 4))
    assert [number_of(rgb) for _, rgb in read] == [6, 18, 30, 42]
    assert [time for time, _ in read] == pytest.approx([6 / 24, 18 / 24, 30 / 24, 42 / 24], abs=1e-3)
    assert all(rgb.shape == (48, 64, 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous for _, rgb in read)


@pytest.mark.parametrize("count", [48, 49, 1000])
def test_asking_for_more_gives_each_frame_once(media: LocalMedia, clip: Path, number_of: NumberOf, count: int) -> None:
    assert [number_of(rgb) for _, rgb in media.clip_frames(clip, count)] == list(range(48))


def test_one_frame_of_a_clip_and_a_clip_of_one_frame(
    media: LocalMedia, clip: Path, counting: Counting, number_of: NumberOf, tmp_path: Path
) -> None:
    assert [number_of(rgb) for _, rgb in media.clip_frames(clip, 1)] == [24]
    media.write_clip(tmp_path / "one.mp4", counting(1), fps=24)
    assert media.clip_facts(tmp_path / "one.mp4").frames == 1
    assert len(list(media.clip_frames(tmp_path / "one.mp4", 8))) == 1
    with pytest.raises(InvalidInput):
        media.clip_frames(clip, 0)


def test_a_variable_rate_is_read_by_time(
    media: LocalMedia, counting: Counting, number_of: NumberOf, tmp_path: Path
) -> None:
    # Ten quick frames, then one that stays for almost two seconds, then ten quick ones.
    times = [*range(10), *range(48, 58)]
    path = make(tmp_path / "vfr.mkv", counting(20, 128, 96), times=iter(times))
    seen = [number_of(rgb) for _, rgb in media.clip_frames(path, 6)]
    assert seen == [4, 9, 15]  # four of the six moments fall on the same long frame


@pytest.mark.parametrize("turned", [90, -90, 180])
def test_a_turned_clip_is_upright(media: LocalMedia, tmp_path: Path, turned: int) -> None:
    frame = np.full((96, 160, 3), 40, np.uint8)
    frame[:32, :32] = 220  # the stored picture's top left
    path = make(tmp_path / "turned.mp4", itertools.repeat(frame, 4), turned=turned)
    _, rgb = next(media.clip_frames(path, 1))
    facts = media.clip_facts(path)
    assert (facts.height, facts.width) == rgb.shape[:2] == ((96, 160) if turned == 180 else (160, 96))
    corners = {90: rgb[-20:, :20], -90: rgb[:20, -20:], 180: rgb[-20:, -20:]}
    assert corners[turned].mean() > 200
    assert rgb.mean() < 80


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mkv", "libx264", "yuv420p10le"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.ts", "mpeg2video", "yuv420p"),
    ],
)
def test_any_codec_and_pixel_format_keeps_its_colours(
    media: LocalMedia, tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    # Untagged, small: by convention BT.601, which is what the converter makes without being told.
    path = make(tmp_path / name, itertools.repeat(patches(), 5), codec=codec, pixels=pixels)
    _, rgb = next(media.clip_frames(path.rename(tmp_path / "a.bin"), 1))
    for number, colour in enumerate(PATCHES):
        middle = rgb[40:90, number * 32 + 10 : number * 32 + 22].reshape(-1, 3).mean(axis=0)
        assert np.abs(middle - colour).max() < 6, (colour, middle)


def test_a_long_clip_is_jumped_through(
    media: LocalMedia, counting: Counting, number_of: NumberOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A frame each two seconds: 40 frames make 80 seconds.
    path = make(tmp_path / "long.mp4", counting(40, 128, 96), codec="libx264", times=itertools.count(0, 48))
    by_jumps = [(round(time), number_of(rgb)) for time, rgb in media.clip_frames(path, 5)]
    monkeypatch.setattr(clips, "SEEK_GAP", 1e9)
    assert by_jumps == [(round(time), number_of(rgb)) for time, rgb in media.clip_frames(path, 5)]
    assert [number for _, number in by_jumps] == [3, 11, 19, 27, 35]


def test_a_clip_without_a_duration(media: LocalMedia, counting: Counting, number_of: NumberOf, tmp_path: Path) -> None:
    path = make(tmp_path / "a.mpg", counting(30, 128, 96), codec="mpeg1video")
    raw = tmp_path / "raw.mpg"
    raw.write_bytes(path.read_bytes())
    facts = media.clip_facts(raw)
    assert 20 <= facts.frames <= 31
    numbers = [number_of(rgb) for _, rgb in media.clip_frames(raw, 4)]
    assert len(numbers) == 4
    assert numbers == sorted(numbers)


def test_a_cut_clip_gives_what_there_is(media: LocalMedia, tmp_path: Path) -> None:
    grain = np.random.default_rng(3)
    frames = (grain.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(48))
    path = tmp_path / "cut.mp4"
    media.write_clip(path, frames, fps=24)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    times = [time for time, _ in media.clip_frames(path, 48)]
    assert 15 <= len(times) <= 30
    assert times[0] == 0


def refused(path: Path, media: LocalMedia) -> str:
    with pytest.raises(BadMedia) as caught:
        list(media.clip_frames(path, 3))
    assert path.name in caught.value.message
    assert "\n" not in str(caught.value)
    with pytest.raises(BadMedia):
        media.clip_facts(path)
    return caught.value.message


def test_sound_alone_has_no_picture(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert "has no picture" in refused(path, media)
    (tmp_path / "song.mp3").write_bytes(b"ID3\x04" + b"\0" * 100)
    with pytest.raises(BadMedia, match="no picture"):
        media.picture_or_clip(tmp_path / "song.mp3")


def test_what_is_no_clip(media: LocalMedia, clip: Path, tmp_path: Path, saved: Callable[..., bytes]) -> None:
    contents = {
        "still.mp4": saved("PNG"),
        "empty.mp4": b"",
        "notes.mp4": b"some words",
        "head.mp4": clip.read_bytes()[:200],
        "none.mp4": clip.read_bytes()[: clip.read_bytes().index(b"mdat") + 4],
        "list.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n",
        "script.mp4": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, media)
    refused(tmp_path / "gone.mp4", media)
    refused(tmp_path, media)


def test_names_in_any_script_and_names_like_addresses(media: LocalMedia, clip: Path, tmp_path: Path) -> None:
    for name in ("美玲 🙂.mp4", "pipe:0", "concat:a|b.mp4", "%03d.png", "-i", "a'b"):
        path = tmp_path / name
        path.write_bytes(clip.read_bytes())
        assert media.clip_facts(path).frames == 48
        assert len(list(media.clip_frames(path, 2))) == 2


def test_few_frames_are_held_at_once(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = 0
    original = decoding.decoded

    def counted(*arguments: object) -> Iterator[VideoFrame]:
        nonlocal decoded
        for frame in original(*arguments):  # type: ignore[arg-type]
            decoded += 1
            yield frame

    monkeypatch.setattr(decoding, "decoded", counted)
    frames = clips.clip_frames(clip, 48)
    assert decoded == 0
    next(frames)
    assert decoded == 1
    next(frames)
    assert decoded == 2


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_gives_frames_or_a_refusal(
    clip: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(clip.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), len(content), len(content) * 3 // 4, 900, 40]))
    path = tmp_path_factory.getbasetemp() / "damaged.mp4"
    path.write_bytes(content[:end])
    with contextlib.suppress(BadMedia):
        clips.clip_facts(path)
        for time, rgb in itertools.islice(clips.clip_frames(path, 4), 6):
            assert rgb.dtype == np.uint8
            assert math.isfinite(time)
