"""Reading clips: their facts, and evenly spaced frames, upright and in sRGB order R G B, streamed.

Holds a few frames at a time, however long the clip. Writing clips is `encoding`'s; stills are `pictures`'.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from samecast.core.errors import BadMedia, InvalidInput
from samecast.media.files import read_regular, shown
from samecast.media.sniffing import HEAD_BYTES, Kind, kind_of
from samecast.ports import ClipFacts, Pixels

MAX_PIXELS = 100_000_000
MAX_SECONDS = 1e6
SEEK_GAP = 6.0
"""Seconds between wanted frames above which jumping to each beats decoding everything between."""

_UNSPECIFIED = 2
_HD_HEIGHT = 720

_Timed: TypeAlias = tuple[float, VideoFrame]


def picture_or_clip(path: Path) -> str:
    """ "image" or "video", from the first bytes. Raises `BadMedia` for anything else."""
    return _picture_or_clip(path).family


def _picture_or_clip(path: Path) -> Kind:
    kind = kind_of(read_regular(path, limit=HEAD_BYTES))
    if kind.family in ("image", "video"):
        return kind
    silent = ": it has no picture" if kind.family == "sound" else ""
    raise BadMedia(f"{shown(path)} is {kind.name}{silent}.", hint=kind.hint)


def clip_facts(path: Path) -> ClipFacts:
    """Size as shown (upright, square pixels), rate and duration. Raises `BadMedia`."""
    with _opened(path) as (container, stream):
        first = next(_decoded(container, stream), None)
        if first is None:
            raise _nothing_decodes(path)
        width, height = _shown_size(stream, first)
    fps, seconds, frames = _timing(path)
    return ClipFacts(width=width, height=height, fps=fps, seconds=seconds, frames=frames)


def clip_frames(path: Path, count: int) -> Iterator[tuple[float, Pixels]]:
    """The frames shown in the middle of each of `count` equal stretches, as (seconds from the start, rgb).

    Fewer where the clip has fewer, or where a part of it is damaged. Raises `BadMedia`, at the first frame when
    nothing at all can be decoded.
    """
    if count < 1:
        raise InvalidInput("At least one frame has to be read from a clip.", hint="Ask for 1 or more.")
    _, seconds, frames = _timing(path)
    return _spread_frames(path, count, seconds, frames)


def _spread_frames(path: Path, count: int, seconds: float, frames: int) -> Iterator[tuple[float, Pixels]]:
    wanted = [(i + 0.5) * seconds / count for i in range(count)]
    if count < frames and seconds / count > SEEK_GAP:
        any_found = False
        for item in _sought(path, wanted):
            any_found = True
            yield item
        if any_found:
            return
    with _opened(path) as (container, stream):
        timed = _timed(container, stream)
        chosen = timed if count >= frames else _nearest(timed, wanted)
        upright = _Upright(stream)
        given = 0
        for time, frame in chosen:
            yield time, upright(frame)
            given += 1
            if given == count:
                return
    if not given:
        raise _nothing_decodes(path)


def _sought(path: Path, wanted: list[float]) -> Iterator[tuple[float, Pixels]]:
    """One jump per wanted time: to the key frame before it, then on to the frame shown at that time."""
    last = -1.0
    with _opened(path) as (container, stream):
        if stream.time_base is None:
            return
        upright = _Upright(stream)
        start = (stream.start_time or 0) * stream.time_base
        for target in wanted:
            try:
                container.seek(int((start + Fraction(target)) / stream.time_base), stream=stream, backward=True)
            except FFmpegError:
                continue
            for time, frame in _nearest(_timed(container, stream), [target]):
                if time > last:
                    last = time
                    yield time, upright(frame)


def _nearest(timed: Iterator[_Timed], wanted: list[float]) -> Iterator[_Timed]:
    """For each wanted time the frame on screen then (the last one not after it), each frame once."""
    following = 0
    previous: _Timed | None = None
    for item in timed:
        if previous is not None and wanted[following] < item[0]:
            yield previous
            while following < len(wanted) and wanted[following] < item[0]:
                following += 1
            if following == len(wanted):
                return
        previous = item
    if previous is not None:
        yield previous


# --- opening and decoding ---------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    kind = _picture_or_clip(path)
    if kind.family == "image":
        raise BadMedia(f"{shown(path)} is a picture, not a clip.", hint="Give a clip, for example an MP4.")
    try:
        container = open_container(path, kind)
    except (FFmpegError, OSError, ValueError) as fault:
        raise BadMedia(
            f"{shown(path)} is a video that is damaged or cut short.", hint="Save or download it again."
        ) from fault
    with container:
        yield container, _picture_stream(path, container)


def open_container(path: Path, kind: Kind) -> InputContainer:
    """Opens a file that was sniffed to be a video as exactly that, whatever its name or later content suggests.

    So a playlist or a script named .mp4 cannot make FFmpeg open other files, or the network, and names such as
    concat:a, pipe:0 or %03d.png are but names. Raises `FFmpegError`, `OSError` or `ValueError`.
    """
    return av.open(
        f"file:{path.absolute()}",
        format=kind.decoders[0],
        container_options={"protocol_whitelist": "file"},
        metadata_errors="replace",
    )


def _picture_stream(path: Path, container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        # Cover art in a sound file is a "video" of one still.
        if stream.disposition & Disposition.attached_pic or stream.codec_context is None:
            continue
        if stream.width * stream.height > MAX_PIXELS:
            raise BadMedia(
                f"{shown(path)} is too large: {stream.width} x {stream.height} pixels.",
                hint="Scale it down to at most 3,840 pixels on its longer side.",
            )
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.thread_type = "AUTO"
        return stream
    raise BadMedia(f"{shown(path)} has no picture.", hint="Give a clip with a picture, not only sound.")


def _nothing_decodes(path: Path) -> BadMedia:
    return BadMedia(f"{shown(path)} has no frame that can be decoded.", hint="Save or download it again.")


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every frame that decodes; damaged packets are stepped over."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (FFmpegError, OSError, ValueError):
            break
        try:
            frames = packet.decode()
        except (FFmpegError, OSError, ValueError):
            continue
        yield from (frame for frame in frames if isinstance(frame, VideoFrame))
    try:
        # The container broke off before its end: what the decoder still holds.
        yield from stream.codec_context.decode(None)
    except (FFmpegError, OSError, ValueError):
        return


def _timed(container: InputContainer, stream: VideoStream) -> Iterator[_Timed]:
    """Frames with their time from the clip's start; counted where the container gives no timestamps."""
    base = stream.time_base or Fraction(1, 24)
    start = stream.start_time or 0
    step = 1 / _rate(stream)
    time = -step
    for frame in _decoded(container, stream):
        time = time + step if frame.pts is None else float((frame.pts - start) * base)
        yield time, frame


def _rate(stream: VideoStream) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if math.isfinite(rate) and 0.01 <= rate <= 1000 else 24.0


def _timing(path: Path) -> tuple[float, float, int]:
    """Frames per second, seconds, frames: from the header where it is plausible, else from the packets."""
    with _opened(path) as (container, stream):
        seconds = 0.0
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / av.time_base
        fps = _rate(stream)
        if 0 < seconds <= MAX_SECONDS:
            return fps, seconds, stream.frames or max(1, round(seconds * fps))
        return _timing_of_packets(path, container, stream)


def _timing_of_packets(path: Path, container: InputContainer, stream: VideoStream) -> tuple[float, float, int]:
    """For containers without a duration (recorded in a browser, cut streams): read through, decoding nothing."""
    times: tuple[float, float] | None = None
    frames = 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            frames += 1
            if packet.pts is not None and packet.time_base is not None:
                time = float(packet.pts * packet.time_base)
                times = (min(times[0], time), max(times[1], time)) if times else (time, time)
    except (FFmpegError, OSError, ValueError):
        pass
    if not frames:
        raise _nothing_decodes(path)
    if times is None or frames < 2 or times[1] - times[0] > MAX_SECONDS or times[1] == times[0]:
        fps = _rate(stream)
        return fps, frames / fps, frames
    fps = (frames - 1) / (times[1] - times[0])
    return fps, frames / fps, frames


# --- pixels -----------------------------------------------------------------------------------------------------


def _shown_size(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    width = _square_width(stream, frame)
    turned = _quarter_turns(frame) % 2
    return (frame.height, width) if turned else (width, frame.height)


def _square_width(stream: VideoStream, frame: VideoFrame) -> int:
    """The width in square pixels (old DV and DVD clips have oblong ones)."""
    ratio = stream.sample_aspect_ratio or 1
    if not Fraction(1, 4) <= ratio <= 4:
        return frame.width
    return max(1, round(frame.width * ratio))


def _quarter_turns(frame: VideoFrame) -> int:
    """How many quarter turns counter-clockwise make the frame upright."""
    return round(frame.rotation / 90) % 4


class _Upright:
    """Turns decoded frames into H x W x 3 pixels; keeps the converter between frames."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._converter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Pixels:
        matrix = frame.colorspace
        if matrix == _UNSPECIFIED and not frame.format.is_rgb:
            # Untagged: what players assume, from the height.
            matrix = Colorspace.ITU709 if min(frame.width, frame.height) >= _HD_HEIGHT else Colorspace.ITU601
        converted = self._converter.reformat(
            frame,
            width=_square_width(self._stream, frame),
            format="rgb24",
            src_colorspace=matrix,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT,
            threads=1,
        )
        pixels = converted.to_ndarray()
        return np.ascontiguousarray(np.rot90(pixels, _quarter_turns(frame)), dtype=np.uint8)
