"""Clips that go wrong in every way clips do, made here: for measuring and testing what reads them.

Each is written into a folder from a few frames that are handed in. Knows nothing of who reads them.
"""

import itertools
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from samecast.ports import Pixels

Frames: TypeAlias = Sequence[Pixels]
Maker: TypeAlias = Callable[[Path, Frames], Path]

FPS = 24


def encode(
    path: Path,
    frames: Iterator[Pixels] | Frames,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[int] | None = None,
    turned: int = 0,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """A clip of any codec and pixel format, with times in 1/24 s, turned by a tag as phones do."""
    quick = {"preset": "ultrafast", "crf": "23"} if codec == "libx264" else {}
    with av.open(str(path), "w", container_options=container or {}) as file:
        stream: VideoStream | None = None
        for time, pixel in zip(times or itertools.count(), frames, strict=False):
            stream = stream or _stream(file, codec, pixels, pixel, turned, {**quick, **(options or {})})
            source = "rgba" if pixel.shape[2] == 4 else "rgb24"
            frame = VideoFrame.from_ndarray(pixel, format=source).reformat(format=pixels)
            frame.pts = time
            frame.time_base = Fraction(1, FPS)
            file.mux(stream.encode(frame))
        if stream is not None:
            file.mux(stream.encode())
    return path


def _stream(
    file: av.container.OutputContainer, codec: str, pixels: str, first: Pixels, turned: int, options: dict[str, str]
) -> VideoStream:
    stream = file.add_stream(codec, rate=FPS, options=options)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = first.shape[:2]
    stream.pix_fmt = pixels
    stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
    if codec in ("mpeg4", "mjpeg", "mpeg2video"):
        stream.bit_rate = 4_000_000
    if turned:
        stream.set_display_rotation(turned)
    return stream


# --- damage -----------------------------------------------------------------------------------------------------


def damaged(folder: Path, frames: Frames) -> Path:
    """A stretch in the middle of the pictures overwritten with zeros."""
    path = encode(folder / "damaged.mp4", frames)
    content = bytearray(path.read_bytes())
    begin = content.index(b"mdat") + 4
    end = content.rindex(b"moov") if content.rindex(b"moov") > begin else len(content)
    middle, span = (begin + end) // 2, (end - begin) // 10
    content[middle : middle + span] = bytes(span)
    path.write_bytes(content)
    return path


def cut_short(folder: Path, frames: Frames) -> Path:
    """A download that broke off, its index at the front."""
    path = encode(folder / "cut short.mp4", frames, container={"movflags": "+faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path


def without_index(folder: Path, frames: Frames) -> Path:
    """A recording that was never closed: its index, at the end, is missing."""
    path = encode(folder / "no moov.mp4", frames)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"moov") - 4])
    return path


def no_frames(folder: Path, frames: Frames) -> Path:
    """A valid container with a picture stream and nothing in it."""
    return _nothing_in(folder / "no frames.avi", "mjpeg", "yuvj420p", frames)


def no_tracks(folder: Path, frames: Frames) -> Path:
    """A valid MP4 that was closed before anything was written: it has not even a picture stream."""
    return _nothing_in(folder / "no tracks.mp4", "mpeg4", "yuv420p", frames)


def _nothing_in(path: Path, codec: str, pixels: str, frames: Frames) -> Path:
    with av.open(str(path), "w") as file:
        _stream(file, codec, pixels, frames[0], 0, {})
        file.start_encoding()
    return path


def lying_header(folder: Path, frames: Frames) -> Path:
    """A Matroska clip whose header claims ten times its length."""
    path = encode(folder / "lying header.mkv", frames)
    content = bytearray(path.read_bytes())
    at = content.index(b"\x44\x89\x88") + 3  # Duration, a float of 8 bytes
    content[at : at + 8] = struct.pack(">d", 10 * struct.unpack(">d", content[at : at + 8])[0])
    path.write_bytes(content)
    return path


# --- sound ------------------------------------------------------------------------------------------------------


def sound(folder: Path, name: str, codec: str, cover: Pixels | None = None) -> Path:
    """A second of a tone; with a `cover`, a still that players show beside it."""
    path = folder / name
    rate = 44100
    tone = (0.2 * np.sin(np.arange(rate) * 0.06)).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        art = None
        if cover is not None:
            art = _stream(file, "mjpeg", "yuvj420p", cover, 0, {})
            art.disposition = Disposition.attached_pic
        if art is not None and cover is not None:
            still = VideoFrame.from_ndarray(cover, format="rgb24").reformat(format="yuvj420p")
            still.pts = 0
            file.mux(art.encode(still))
            file.mux(art.encode())
        for begin in range(0, rate - 1024, 1024):
            part = np.ascontiguousarray(tone[None, begin : begin + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, begin
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


SOUND = (("sound.mp4", "aac"), ("sound.m4a", "aac"), ("sound.mp3", "libmp3lame"), ("sound.wav", "pcm_s16le"))


# --- odd, yet clips ---------------------------------------------------------------------------------------------


def turned(degrees: int) -> Maker:
    """As a phone held in another way saves it: stored lying, with a tag that turns it upright."""

    def make(folder: Path, frames: Frames) -> Path:
        lying = [np.ascontiguousarray(np.rot90(frame, -degrees // 90)) for frame in frames]
        return encode(folder / f"turned {degrees}.mp4", lying, turned=degrees)

    return make


def variable_rate(folder: Path, frames: Frames) -> Path:
    """Each second frame stays four times as long."""
    times = list(itertools.accumulate((1 if number % 2 else 4 for number in range(len(frames))), initial=0))
    return encode(folder / "variable rate.mp4", frames, times=times[: len(frames)])


def one_frame(folder: Path, frames: Frames) -> Path:
    return encode(folder / "one frame.mp4", frames[:1])


def see_through(folder: Path, frames: Frames) -> Path:
    opaque = [np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)]) for frame in frames]
    quick = {"deadline": "realtime", "cpu-used": "8"}
    return encode(folder / "alpha.webm", opaque, codec="libvpx-vp9", pixels="yuva420p", options=quick)


def odd_size(folder: Path, frames: Frames) -> Path:
    odd = [np.ascontiguousarray(frame[:-1, :-1]) for frame in frames]
    return encode(folder / "odd size.mp4", odd, pixels="yuv444p")


def ten_bits(folder: Path, frames: Frames) -> Path:
    return encode(folder / "ten bits.mkv", frames, pixels="yuv420p10le")


def no_duration(folder: Path, frames: Frames) -> Path:
    """As a browser records: a stream whose length was never written."""
    quick = {"deadline": "realtime", "cpu-used": "8"}
    return encode(
        folder / "no duration.webm", frames, codec="libvpx", container={"live": "1"}, options={**quick, "b": "2M"}
    )


def broadcast(folder: Path, frames: Frames) -> Path:
    """A transport stream, whose times do not begin at 0."""
    return encode(folder / "broadcast.ts", frames, codec="mpeg2video")


WHOLE: dict[str, Maker] = {
    "turned by 90": turned(90),
    "turned by 180": turned(180),
    "turned by 270": turned(270),
    "variable rate": variable_rate,
    "with alpha": see_through,
    "odd size": odd_size,
    "10 bits": ten_bits,
    "no duration": no_duration,
    "transport stream": broadcast,
    "lying header": lying_header,
}
"""Clips that hold every frame they were given."""
BROKEN: dict[str, Maker] = {"damaged": damaged, "cut short": cut_short}
"""Clips that hold a part of them."""
EMPTY: dict[str, Maker] = {"index missing": without_index, "no frames": no_frames, "no tracks": no_tracks}
"""Clips that hold none."""
