"""Frames out of clips: their facts, evenly spaced frames, and the frames a score is made from. Streamed.

Holds a few frames at a time, however long the clip. Opening and decoding is `decoding`'s, finding the cuts
`cutting`'s, writing clips `encoding`'s; stills are `pictures`'.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from samecast.core.errors import InvalidInput
from samecast.media.decoding import (
    Timed,
    Trouble,
    Upright,
    clip_or_picture,
    decoded,
    nothing_decodes,
    opened,
    shown_size,
    timed,
    timing,
)
from samecast.ports import ClipFacts, ClipFrame, Cutting, Pixels

SEEK_GAP = 6.0
"""Seconds between wanted frames above which jumping to the next beats decoding everything between."""
MOST_CUT_FRAMES = 96
"""Frames taken after cuts, at most; of more cuts as many are taken, evenly chosen."""
AFTER_CUT = 0.17
"""Seconds after a cut at which its shot is looked at: encoders need a few frames to draw it fully, and people a few
to settle in; in a shot that is shorter than twice that, its middle."""

_SAME_TIME = 1e-4
"""Seconds within which two times are one: less than a frame of any camera, more than a float loses."""


def picture_or_clip(path: Path) -> str:
    """ "image" or "video", from the first bytes. Raises `BadMedia` for anything else."""
    return clip_or_picture(path).family


def clip_facts(path: Path) -> ClipFacts:
    """Size as shown (upright, square pixels), rate and duration. Raises `BadMedia`."""
    with opened(path) as (container, stream):
        first = next(decoded(container, stream, Trouble()), None)
        if first is None:
            raise nothing_decodes(path)
        width, height = shown_size(stream, first)
    fps, seconds, frames = timing(path)
    return ClipFacts(width=width, height=height, fps=fps, seconds=seconds, frames=frames)


def clip_frames(path: Path, count: int) -> Iterator[tuple[float, Pixels]]:
    """The frames shown in the middle of each of `count` equal stretches, as (seconds from the start, rgb).

    Fewer where the clip has fewer, or where a part of it is damaged. Raises `BadMedia`, at the first frame when
    nothing at all can be decoded.
    """
    _check(count)
    _, seconds, frames = timing(path)
    return _frames_at(path, [] if count >= frames else middles(seconds, count), limit=count)


def judged_frames(path: Path, count: int, cutting: Cutting) -> Iterator[ClipFrame]:
    """`count` evenly spaced frames and one soon after each cut, upright, in order of time, each once.

    The evenly spaced ones are shown in the middle of each of `count` equal stretches of `cutting.seconds`. Every shot
    has at least one frame, up to `MOST_CUT_FRAMES` shots more than those. A clip with no more than `count` frames
    gives all of them. Raises `BadMedia`, at the first frame when nothing at all can be decoded.
    """
    _check(count)
    wanted = [] if count >= cutting.frames else wanted_times(count, cutting)
    frames = _frames_at(path, wanted, limit=None)
    return (ClipFrame(seconds=time, rgb=rgb, shot=shot_at(time, cutting.cuts)) for time, rgb in frames)


def wanted_times(count: int, cutting: Cutting) -> list[float]:
    """The moments to be judged, in order: see `judged_frames`."""
    even = middles(cutting.seconds, count)
    starts = [0.0, *cutting.cuts]
    ends = [*cutting.cuts, cutting.seconds]
    # The first shot follows no cut: it is looked at again only where no evenly spaced frame lies in it.
    first = [] if even[0] < ends[0] - _SAME_TIME else [0]
    shots = _thinned([*first, *range(1, len(starts))], MOST_CUT_FRAMES)
    after = [starts[shot] + min(AFTER_CUT, (ends[shot] - starts[shot]) / 2) for shot in shots]
    return sorted({*even, *after})


def shot_at(time: float, cuts: Sequence[float]) -> int:
    """Which uncut stretch, from 0, a frame at `time` belongs to; a cut is the time of the first frame after it."""
    return bisect_right(cuts, time + _SAME_TIME)


def middles(seconds: float, count: int) -> list[float]:
    return [(i + 0.5) * seconds / count for i in range(count)]


def _thinned(shots: list[int], most: int) -> list[int]:
    if len(shots) <= most:
        return shots
    return [shots[int((i + 0.5) * len(shots) / most)] for i in range(most)]


def _check(count: int) -> None:
    if count < 1:
        raise InvalidInput("At least one frame has to be read from a clip.", hint="Ask for 1 or more.")


# --- reading frames ---------------------------------------------------------------------------------------------


def _frames_at(path: Path, wanted: list[float], *, limit: int | None) -> Iterator[tuple[float, Pixels]]:
    """The frames on screen at the `wanted` times (in order), each once; all frames where none are wanted."""
    groups = _groups(wanted)
    if len(groups) > 1:
        any_found = False
        for item in _sought(path, groups):
            any_found = True
            yield item
        if any_found:
            return
    with opened(path) as (container, stream):
        every = timed(container, stream)
        upright = Upright(stream)
        given = 0
        for time, frame in nearest(every, wanted) if wanted else every:
            yield time, upright(frame)
            given += 1
            if given == limit:
                return
    if not given:
        raise nothing_decodes(path)


def _groups(wanted: list[float]) -> list[list[float]]:
    """Wanted times that are read in one go, because no gap between them is worth a jump."""
    groups: list[list[float]] = []
    for time in wanted:
        if groups and time - groups[-1][-1] <= SEEK_GAP:
            groups[-1].append(time)
        else:
            groups.append([time])
    return groups


def _sought(path: Path, groups: list[list[float]]) -> Iterator[tuple[float, Pixels]]:
    """One jump per group: to the key frame before its first time, then on to the frames shown at its times."""
    last = -1.0
    with opened(path) as (container, stream):
        upright = Upright(stream)
        for group in groups:
            for time, frame in nearest(_from(container, stream, group[0]), group):
                if time > last:
                    last = time
                    yield time, upright(frame)


def _from(container: InputContainer, stream: VideoStream, target: float) -> Iterator[Timed]:
    """Frames from the one shown at `target`, or from an earlier one, on. None where the clip cannot be jumped in."""
    if stream.time_base is None:
        return
    start = (stream.start_time or 0) * stream.time_base
    # Some containers' indexes lead to a key frame that is late: then from farther and farther before it.
    for back in (0.0, SEEK_GAP, 5 * SEEK_GAP, target):
        at = max(0.0, target - back)
        try:
            container.seek(int((start + Fraction(at)) / stream.time_base), stream=stream, backward=True)
        except FFmpegError:
            continue
        frames = timed(container, stream, sought=True)
        first = next(frames, None)
        if first is not None and (first[0] <= target or at == 0):
            yield first
            yield from frames
            return


def nearest(every: Iterator[Timed], wanted: Sequence[float]) -> Iterator[Timed]:
    """For each wanted time the frame on screen then (the last one not after it), each frame once."""
    following = 0
    previous: Timed | None = None
    for item in every:
        if previous is not None and wanted[following] < item[0] - _SAME_TIME:
            yield previous
            while following < len(wanted) and wanted[following] < item[0] - _SAME_TIME:
                following += 1
            if following == len(wanted):
                return
        previous = item
    if previous is not None:
        yield previous
