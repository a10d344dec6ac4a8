"""A clip that somebody else made is kept as it is: its pictures and its sound untouched, the recipe beside them."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from samecast.core.errors import BadMedia
from samecast.media import LocalMedia

RECIPE = '{"samecast":1}'


def delivered(path: Path, *, form: str = "mp4", codec: str = "libx264") -> bytes:
    """Two seconds of moving noise with a tone."""
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    tone = (0.2 * np.sin(np.arange(1024) / 9)).astype(np.float32)
    with av.open(str(path), "w", format=form) as clip:
        video: VideoStream = clip.add_stream(codec, rate=24)  # type: ignore[assignment]
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio: AudioStream = clip.add_stream("libopus" if form == "webm" else "aac", rate=48000)
        audio.layout = "mono"
        for number in range(48):
            frame = VideoFrame.from_ndarray(np.roll(noise, number, axis=1), format="rgb24")
            frame.pts = number
            clip.mux(video.encode(frame))
        for number in range(94):
            sound = AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 48000, number * 1024
            clip.mux(audio.encode(sound))
        clip.mux(video.encode())
        clip.mux(audio.encode())
    return path.read_bytes()


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0] if kind == "video" else clip.streams.audio[0]
        return [bytes(packet) for packet in clip.demux(stream) if packet.size]


@pytest.mark.parametrize(("form", "codec"), [("mp4", "libx264"), ("webm", "libvpx-vp9")])
def test_pictures_and_sound_are_kept_bit_for_bit(tmp_path: Path, form: str, codec: str):
    raw = tmp_path / f"raw.{form}"
    content = delivered(raw, form=form, codec=codec)
    kept = tmp_path / "kept.mp4"
    LocalMedia().keep_clip(kept, content, recipe=RECIPE)
    assert packets(kept, "video") == packets(raw, "video")
    assert packets(kept, "audio") == packets(raw, "audio")
    assert LocalMedia().recipe_in(kept) == RECIPE
    facts = LocalMedia().clip_facts(kept)
    assert (facts.width, facts.height, round(facts.fps)) == (64, 48, 24)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.mp4", raw.name]


def test_the_same_clip_is_kept_as_the_same_bytes(tmp_path: Path):
    content = delivered(tmp_path / "raw.mp4")
    for name in ("a.mp4", "b.mp4"):
        LocalMedia().keep_clip(tmp_path / name, content, recipe=RECIPE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"\x00\x00\x00\x20ftypisom" + b"\x00" * 900])
def test_what_is_no_clip_is_said_and_leaves_nothing(tmp_path: Path, content: bytes):
    with pytest.raises(BadMedia):
        LocalMedia().keep_clip(tmp_path / "kept.mp4", content)
    assert list(tmp_path.iterdir()) == []
