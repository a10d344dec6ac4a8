"""Opening clips safely and decoding them: frames with their times, upright pixels in sRGB order R G B, streamed.

Every clip is opened as exactly what its first bytes say it is. Which frames are wanted is `clips`' and `cutting`'s.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from samecast.core.errors import BadMedia
from samecast.media.files import read_regular, shown
from samecast.media.sniffing import HEAD_BYTES, Kind, kind_of
from samecast.ports import Pixels

MAX_PIXELS = 100_000_000
MAX_SECONDS = 1e6

_UNSPECIFIED = 2
_HD_HEIGHT = 720
_FAULTS = (FFmpegError, OSError, ValueError)
"""What reading or decoding a damaged clip raises."""

Timed: TypeAlias = tuple[float, VideoFrame]


@dataclass(slots=True)
class Trouble:
    """Filled while a clip is decoded: `damaged` once a packet did not decode or the container broke off."""

    damaged: bool = False


def clip_or_picture(path: Path) -> Kind:
    kind = kind_of(read_regular(path, limit=HEAD_BYTES))
    if kind.family in ("image", "video"):
        return kind
    silent = ": it has no picture" if kind.family == "sound" else ""
    raise BadMedia(f"{shown(path)} is {kind.name}{silent}.", hint=kind.hint)


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    kind = clip_or_picture(path)
    if kind.family == "image":
        raise BadMedia(f"{shown(path)} is a picture, not a clip.", hint="Give a clip, for example an MP4.")
    try:
        container = open_container(path, kind)
    except _FAULTS as fault:
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
    # Cover art in a sound file is a "video" of one still.
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    for stream in (stream for stream in streams if stream.codec_context is not None):
        if stream.width * stream.height > MAX_PIXELS:
            raise BadMedia(
                f"{shown(path)} is too large: {stream.width} x {stream.height} pixels.",
                hint="Scale it down to at most 3,840 pixels on its longer side.",
            )
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.thread_type = "AUTO"
        return stream
    if streams:
        raise BadMedia(f"{shown(path)} is in a format that cannot be decoded here.", hint="Save it as an H.264 MP4.")
    if not container.streams:
        raise BadMedia(f"{shown(path)} holds neither a picture nor sound.", hint="Save or download it again.")
    raise BadMedia(f"{shown(path)} has no picture.", hint="Give a clip with a picture, not only sound.")


def nothing_decodes(path: Path) -> BadMedia:
    return BadMedia(f"{shown(path)} has no frame that can be decoded.", hint="Save or download it again.")


def decoded(container: InputContainer, stream: VideoStream, trouble: Trouble) -> Iterator[VideoFrame]:
    """Every frame that decodes; damaged packets are stepped over."""
    packets = container.demux(stream)
    clean = False
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except _FAULTS:
            trouble.damaged = True
            break
        for frame in _frames_of(packet, trouble):
            # A recording that starts between key frames begins with frames that lack their past: no damage.
            trouble.damaged |= clean and frame.is_corrupt
            clean |= not frame.is_corrupt
            yield frame
    try:
        # The container broke off before its end: what the decoder still holds.
        yield from stream.codec_context.decode(None)
    except _FAULTS:
        return


def _frames_of(packet: "Packet[VideoStream]", trouble: Trouble) -> list[VideoFrame]:
    trouble.damaged |= packet.is_corrupt
    try:
        frames = packet.decode()
    except _FAULTS:
        trouble.damaged = True
        return []
    return [frame for frame in frames if isinstance(frame, VideoFrame)]


def timed(
    container: InputContainer, stream: VideoStream, trouble: Trouble | None = None, *, sought: bool = False
) -> Iterator[Timed]:
    """Frames with their time from the clip's start, each later than the one before.

    Counted where the container gives no timestamps, or ones that run backwards or out of all bounds; after a jump
    (`sought`) there is nothing to count from, and such a stream ends.
    """
    base = stream.time_base or Fraction(1, 24)
    start = stream.start_time or 0
    step = 1 / rate_of(stream)
    last: float | None = None
    for frame in decoded(container, stream, trouble or Trouble()):
        time = None if frame.pts is None else float((frame.pts - start) * base)
        if time is None or time > MAX_SECONDS or (last is not None and time <= last):
            if sought:
                return
            time = 0.0 if last is None else last + step
        last = time
        yield time, frame


def rate_of(stream: VideoStream) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if math.isfinite(rate) and 0.01 <= rate <= 1000 else 24.0


def timing(path: Path) -> tuple[float, float, int]:
    """Frames per second, seconds, frames: from the header where it is plausible, else from the packets."""
    with opened(path) as (container, stream):
        seconds = 0.0
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / av.time_base
        fps = rate_of(stream)
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
    except _FAULTS:
        pass
    if not frames:
        raise nothing_decodes(path)
    if times is None or frames < 2 or times[1] - times[0] > MAX_SECONDS or times[1] == times[0]:
        fps = rate_of(stream)
        return fps, frames / fps, frames
    fps = (frames - 1) / (times[1] - times[0])
    return fps, frames / fps, frames


# --- pixels -----------------------------------------------------------------------------------------------------


def shown_size(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
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


class Upright:
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
