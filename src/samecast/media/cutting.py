"""Reading a clip through once, at thumbnail size: where it is cut, whether its light flickers, whether it stands still.

A cut is a step between two frames that no motion explains, far larger than the steps around it, after which the clip
does not come back to what it showed before (as it does after a flash). Stretches of fewer than `BEYOND_FLASH` frames
are therefore not told from flashes; a dissolve or a fade has no such step and is no cut.

Memory does not grow with the clip but for its cuts. How two frames are compared is `motion`'s.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median, median_low

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from samecast.media.decoding import Trouble, nothing_decodes, opened, rate_of, timed
from samecast.media.motion import Camera, Change, Mover, Small, Stillness, plain_difference, small, small_size
from samecast.ports import Cutting

BEYOND_FLASH = 4
"""Frames on either side of a step that are looked at to tell a cut from a flash."""
BESIDE = 8
"""Steps on either side that a step may be compared with; of those that change anything the nearest `NEIGHBOURS` are:
frames doubled by a change of the frame rate say nothing of how fast a shot moves."""
NEIGHBOURS = 4
DOUBLED = 0.4
DOUBLED_SHARE = 0.03
"""Levels of plain difference, and share of the step's own, below which a frame is the one before it again."""
LEAST_RESIDUAL = 7.0
"""Levels that motion must leave unexplained (`motion.Change.residual`)."""
LEAST_RATIO = 2.3
FAST_RATIO = 1 / 6
"""How far a cut's residual lies above the median of its neighbours', the farther the faster those move (for each pixel
of theirs, by so much); neither of the next two steps has a larger one."""
LEAST_STRUCTURE = 0.22
LEAST_COLOUR = 8.0
"""Other details (`motion.Change.structure`), or where there are few, other colours. A lamp switched on has neither."""
LEAST_LEAP = 2.5
"""Or, cut within a scene: the same details, all of a sudden elsewhere. Pixels, and times the neighbours' motion."""
FAR_LEAP = 4.0
LEAP_RESIDUAL = 3.5
LEAP_RATIO = 1.4
LEAP_PLAIN = 3.0
"""After a leap this far a smaller residual is enough, if before any motion the frames differ so much more."""
COMES_BACK = ((0.45, 0.4), (0.35, 0.65))
"""A flash: a frame soon after is as the one before, up to this share of the residual, and with the same details."""

STILL_SECONDS = 1.0
"""Nothing moves in a stretch as long as this, or in a whole shot that is shorter, for it to count as frozen: a slow
push of the camera is seen within it, and frames doubled by a change of the frame rate are no stand-still."""
STILL_HOP = 0.12
MOST_HELD = 240
FLASH_LEVELS = 25.0
"""A jump of the light this large is a flash, lightning or a strobe: seen as meant, not as flicker."""
FAST_LEVELS = 6.0
"""Mean levels left unexplained above which a step moves too fast for its light to be told."""

_EPSILON = 1e-6


def read_through(path: Path, watch: Callable[[float], None] = lambda share: None) -> Cutting:
    """Decode the whole clip once, small, holding about a second of it; `watch` is told the share done, 0..1.

    `seconds` and `frames` as decoded. Raises `BadMedia` when nothing at all can be decoded.
    """
    trouble = Trouble()
    with opened(path) as (container, stream):
        told = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        expected = told or (container.duration or 0) / 1_000_000
        clock = _Clock(stream)
        reading: _Reading | None = None
        for frame in _shrunk(timed(container, stream, trouble), clock):
            reading = reading or _Reading(*frame.planes.shape[:0:-1])
            reading.add(frame)
            if expected > 0 and reading.frames % 24 == 0:
                watch(min(0.99, frame.seconds / expected))
    if reading is None:
        raise nothing_decodes(path)
    reading.finish()
    watch(1.0)
    broken_off = told > 0 and clock.end < 0.9 * told - 0.5
    return Cutting(
        seconds=clock.end,
        frames=reading.frames,
        cuts=tuple(reading.cuts),
        flicker=reading.light.flicker,
        frozen=reading.still.frozen,
        damaged=trouble.damaged or broken_off,
    )


@dataclass(slots=True)
class _Clock:
    """When the last frame seen leaves the screen: by its own duration, else after as long as the one before it."""

    stream: VideoStream
    last: float | None = None
    step: float = 0.0

    def saw(self, time: float, frame: VideoFrame) -> None:
        own = float((frame.duration or 0) * (self.stream.time_base or 0))
        before = time - self.last if self.last is not None else 1 / rate_of(self.stream)
        self.step = own if 0 < own < 60 else before
        self.last = time

    @property
    def end(self) -> float:
        return (self.last or 0.0) + self.step


def _shrunk(every: Iterator[tuple[float, VideoFrame]], clock: _Clock) -> Iterator[Small]:
    """Small frames of one size, that of the first, each the mean of what it covers."""
    converter = VideoReformatter()
    size: tuple[int, int] | None = None
    for time, frame in every:
        clock.saw(time, frame)
        size = size or small_size(frame.width, frame.height)
        shrunk = converter.reformat(
            frame,
            width=size[0],
            height=size[1],
            format="yuv444p",
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA,
            threads=1,
        )
        yield small(time, np.asarray(shrunk.to_ndarray(), dtype=np.uint8))


class _Reading:
    """Takes small frames in order; holds those that are still needed to tell whether a step is a cut."""

    def __init__(self, width: int, height: int) -> None:
        self.frames = 0
        self.cuts: list[float] = []
        self.light = _Light(Camera(width // 2, height // 2))
        self.still = _Still(Stillness(width, height))
        self._mover = Mover(width, height)
        # Step k leads to held[k + 1]; the steps before and after the one that is decided are its neighbours.
        self._held: deque[Small] = deque(maxlen=2 * BESIDE + 2)
        self._steps: deque[_Step] = deque(maxlen=2 * BESIDE + 1)
        self._decided = 0

    def add(self, frame: Small) -> None:
        if self._held:
            self._steps.append(_Step(plain_difference(self._held[-1], frame)))
        self._held.append(frame)
        self.frames += 1
        # Frame 0 follows nothing; each other frame is decided when it has enough behind it.
        if self.frames > self._decided + BESIDE:
            self._decide()

    def finish(self) -> None:
        while self._decided < self.frames:
            self._decide()
        self.still.close_shot()

    def _decide(self) -> None:
        number = len(self._held) - (self.frames - self._decided)
        frame = self._held[number]
        cut = number > 0 and self._is_cut(number - 1)
        if cut:
            self.cuts.append(frame.seconds)
        self.light.add(frame, cut=cut)
        self.still.add(frame, cut=cut)
        self._decided += 1

    def _is_cut(self, step: int) -> bool:
        if self._steps[step].plain < LEAP_RESIDUAL:
            return False
        change = self._change(step)
        if change.residual < LEAP_RESIDUAL:
            return False
        beside = [other for other in (step - 1, step + 1) if 0 <= other < len(self._steps)]
        if any(self._change(other).residual > change.residual for other in beside):
            return False
        usual = self._usual(step)
        stands_out = _leaps(self._steps[step].plain, change, usual) or _differs(change, usual)
        return stands_out and not self._comes_back(step, change, usual)

    def _usual(self, step: int) -> "_Usual":
        near = self._neighbours(step)
        changes = [self._change(other) for other in near]
        return _Usual(
            plain=_middle(self._steps[other].plain for other in near),
            residual=_middle(change.residual for change in changes),
            moved=median([change.moved for change in changes] or [0.0]),
        )

    def _neighbours(self, step: int) -> list[int]:
        before = range(step - 1, max(-1, step - 1 - BESIDE), -1)
        after = range(step + 1, min(len(self._steps), step + 1 + BESIDE))
        least = max(DOUBLED, DOUBLED_SHARE * self._steps[step].plain)
        changing = ((other for other in side if self._steps[other].plain >= least) for side in (before, after))
        return [other for side in changing for other in islice(side, NEIGHBOURS)]

    def _change(self, step: int) -> Change:
        known = self._steps[step]
        if known.change is None:
            known.change = self._mover.change(self._held[step], self._held[step + 1])
        return known.change

    def _comes_back(self, step: int, change: Change, usual: "_Usual") -> bool:
        """Whether soon after the step there is what was before it, or soon before it what comes after."""
        before, after = self._held[step], self._held[step + 1]
        later = islice(self._held, step + 2, step + 2 + BEYOND_FLASH)
        earlier = islice(self._held, max(0, step - BEYOND_FLASH), step)
        pairs = [*((before, frame) for frame in later), *((frame, after) for frame in earlier)]
        for a, b in pairs:
            again = self._mover.change(a, b)
            share = again.residual / change.residual
            near = again.moved <= max(3.0, 2 * usual.moved * BEYOND_FLASH)
            if near and any(share < most and again.structure < other for most, other in COMES_BACK):
                return True
        return False


@dataclass(slots=True)
class _Step:
    plain: float
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """The medians of a step's neighbours: what is usual there."""

    plain: float
    residual: float
    moved: float


def _middle(values: Iterable[float]) -> float:
    """The lower median; of fewer than `NEIGHBOURS`, as if the rest had stood still: two of them may be a flash."""
    known = list(values)
    return median_low([*known, *[0.0] * (NEIGHBOURS - len(known))])


def _differs(change: Change, usual: _Usual) -> bool:
    """Far more is left than around, and it is other details, other colours, or the same ones elsewhere."""
    ratio = LEAST_RATIO + FAST_RATIO * usual.moved
    if change.residual < max(LEAST_RESIDUAL, ratio * (usual.residual + 0.7)):
        return False
    other_sight = change.structure >= LEAST_STRUCTURE or change.colour >= LEAST_COLOUR
    return other_sight or change.moved >= LEAST_LEAP * max(1.0, usual.moved)


def _leaps(plain: float, change: Change, usual: _Usual) -> bool:
    """The picture is all of a sudden closer, wider or to one side: cut within a scene."""
    return (
        change.moved >= FAR_LEAP * max(1.0, usual.moved)
        and plain >= LEAP_PLAIN * max(LEAST_RESIDUAL, usual.plain)
        and change.residual >= LEAP_RATIO * (usual.residual + 0.7)
    )


@dataclass(slots=True)
class _Light:
    """Flicker: how far each change of the light departs from the median of five, so that a fade is none."""

    camera: Camera
    total: float = 0.0
    count: int = 0
    _previous: Small | None = None
    _changes: deque[float] = field(default_factory=lambda: deque(maxlen=5))

    def add(self, frame: Small, *, cut: bool) -> None:
        if cut:
            self._changes.clear()
        elif self._previous is not None:
            fit = self.camera.fit(self._previous.luma, frame.luma)
            if float(abs(fit.unexplained).mean()) <= FAST_LEVELS and abs(fit.light) <= FLASH_LEVELS:
                self._take(fit.light)
            else:
                self._changes.clear()
        self._previous = frame

    def _take(self, change: float) -> None:
        self._changes.append(change)
        if len(self._changes) == self._changes.maxlen:
            self.total += abs(self._changes[2] - median(self._changes))
            self.count += 1

    @property
    def flicker(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass(slots=True)
class _Still:
    """Counts the steps of those stretches, within shots, in which nothing moves."""

    stillness: Stillness
    steps: int = 0
    frozen_steps: int = 0
    _recent: deque[tuple[int, Small]] = field(default_factory=lambda: deque(maxlen=MOST_HELD))
    _number: int = -1
    _counted: int = 0
    _looked: float | None = None

    def add(self, frame: Small, *, cut: bool) -> None:
        self._number += 1
        if cut:
            self.close_shot()
        elif self._number:
            self.steps += 1
        self._recent.append((self._number, frame))
        begin = frame.seconds - STILL_SECONDS + _EPSILON
        while len(self._recent) > 2 and self._recent[1][1].seconds <= begin:
            self._recent.popleft()
        full = self._recent[0][1].seconds <= begin or len(self._recent) == MOST_HELD
        if full and (self._looked is None or frame.seconds >= self._looked + STILL_HOP):
            self._look()

    def close_shot(self) -> None:
        """The last second of a shot, or all of one that is shorter."""
        if len(self._recent) > 1:
            self._look()
        self._recent.clear()
        self._looked = None

    def _look(self) -> None:
        (first, a), (last, b) = self._recent[0], self._recent[-1]
        self._looked = b.seconds
        # What swings to and fro may be back where it was: so two frames between are compared as well.
        between = {len(self._recent) // 3, len(self._recent) // 2} - {0}
        if all(self.stillness.same(a, other) for other in (b, *(self._recent[at][1] for at in between))):
            self.frozen_steps += last - max(first, self._counted)
            self._counted = last

    @property
    def frozen(self) -> float | None:
        return self.frozen_steps / self.steps if self.steps else None
