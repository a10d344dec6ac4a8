"""Where things lie on a timeline, in percent of its width and height, so that one drawing fits every screen.

Knows seconds and likelihoods, no colours and no pictures. Every judged frame owns a cell: from half-way to the frame
before it to half-way to the next, but never across a cut.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.consistency import HOLDS, Moment, Outcome, Score, timecode
from samecast.core.rates import figure
from samecast.core.stretches import CLEARLY_NOT, STRETCH, measured
from samecast.media.report import words

TOP, BOTTOM = 17.0, 83.0
"""Where the likelihoods 1 and 0 lie, in percent of a chart's height; marks have the room above and below."""
NARROW, ROOMY = 250.0, 640.0
"""Pixels that a timeline is at least wide on a phone, and on anything wider."""
LETTER = 7.0
"""Pixels that a letter of a label is wide, amply."""
STEPS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
MOST_TICKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the timeline: `state` styles it, `label` stands in it where there is `room`, `title` explains it.

    `room`: "always", "roomy" (not on a phone) or "" (never).
    """

    x: float
    width: float
    state: str
    label: str
    title: str
    room: str = ""

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    x: float
    y: float
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A label at a place of the timeline; `anchor` keeps it inside: "start", "middle" or "end"."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One character over a clip. `worst` and `failing` carry their label as a mark."""

    dots: tuple[Dot, ...]
    strokes: tuple[Stroke, ...]
    gaps: tuple[Span, ...]
    states: tuple[Span, ...]
    worst: tuple[Span, Mark] | None
    failing: tuple[Span, Mark] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The time axis of a clip: `edges` are the borders of the judged frames' cells, one more than `times`."""

    seconds: float
    times: tuple[float, ...]
    edges: tuple[float, ...]
    cuts: tuple[float, ...]
    ticks: tuple[Mark, ...]

    def x(self, seconds: float) -> float:
        share = seconds / self.seconds if self.seconds > 0 else 0.5
        return round(100 * min(1.0, max(0.0, share)), 2)

    def span(self, first: int, last: int, *, state: str, label: str, title: str) -> Span:
        """The cells of the judged frames `first` to `last`."""
        x = self.x(self.edges[first]) if self.seconds > 0 else 0.0
        end = self.x(self.edges[last + 1]) if self.seconds > 0 else 100.0
        return self._span(x, end, state=state, label=label, title=title)

    def between(self, start: float, end: float, *, state: str, label: str, title: str) -> Span:
        """The cells of every judged frame from `start` to `end` in seconds."""
        inside = [index for index, time in enumerate(self.times) if start - 1e-3 <= time <= end + 1e-3]
        if inside:
            return self.span(inside[0], inside[-1], state=state, label=label, title=title)
        return self._span(self.x(start), self.x(end), state=state, label=label, title=title)

    def _span(self, x: float, end: float, *, state: str, label: str, title: str) -> Span:
        width = round(max(0.4, end - x), 2)
        needed = LETTER * len(label) + 8
        room = "always" if needed <= width * NARROW / 100 else "roomy" if needed <= width * ROOMY / 100 else ""
        return Span(x=x, width=width, state=state, label=label, title=title, room=room)


def axis(times: Sequence[float], cuts: Sequence[float], seconds: float) -> Axis:
    """The axis of a clip of that length with those judged frames, in order, and those cuts."""
    length = max(seconds, times[-1] if times else 0.0)
    edges = [0.0]
    for before, after in itertools.pairwise(times):
        between = [cut for cut in cuts if before < cut <= after]
        edges.append(between[0] if between else (before + after) / 2)
    bare = Axis(seconds=length, times=tuple(times), edges=(*edges, length), cuts=tuple(cuts), ticks=())
    return Axis(seconds=length, times=bare.times, edges=bare.edges, cuts=bare.cuts, ticks=_ticks(bare))


def _ticks(bare: Axis) -> tuple[Mark, ...]:
    step = next((step for step in STEPS if bare.seconds / step <= MOST_TICKS), STEPS[-1])
    if bare.seconds <= 0:
        return (Mark(x=50.0, text=timecode(0), anchor="middle"),)
    count = int(bare.seconds / step + 1e-9)
    return tuple(
        Mark(x=bare.x(number * step), text=clock(number * step), anchor=_anchor(bare.x(number * step)))
        for number in range(count + 1)
    )


def clock(seconds: float) -> str:
    """A timecode for ticks, with tenths where they fall between seconds: 0.5 is '0:00.5'."""
    tenths = round(seconds * 10)
    return timecode(seconds) if tenths % 10 == 0 else f"{timecode(seconds)}.{tenths % 10}"


def _anchor(x: float, edge: float = 4.0) -> str:
    return "start" if x < edge else "end" if x > 100 - edge else "middle"


def height(likelihood: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * likelihood, 2)


def worst_moments(score: Score) -> tuple[Moment, ...]:
    """The measured frames of the worst stretch, as `core.stretches.worst_stretch` counts them: three at most."""
    if score.worst_at is None:
        return ()
    at, known = score.worst_at, measured(score.moments)
    if not known:
        return ()
    nearest = min((moment for moment, _ in known), key=lambda moment: abs(moment.seconds - at))
    single = len({moment.shot for moment, _ in known}) == len(known)
    across = single and min(value for _, value in known) >= CLEARLY_NOT  # judged as a whole: no shot says enough
    shot = [moment for moment, _ in known if across or moment.shot == nearest.shot]
    first = min(max(0, shot.index(nearest) - STRETCH // 2), max(0, len(shot) - STRETCH))
    return tuple(shot[first : first + STRETCH])


def lane(score: Score, on: Axis) -> Lane:
    moments = score.moments
    dots = tuple(
        Dot(x=on.x(moment.seconds), y=height(moment.likeness), holds=moment.likeness >= HOLDS)
        for moment in moments
        if moment.likeness is not None
    )
    strokes = tuple(
        Stroke(x1=on.x(a.seconds), y1=height(a.likeness), x2=on.x(b.seconds), y2=height(b.likeness))
        for a, b in itertools.pairwise(moments)
        if a.likeness is not None and b.likeness is not None and a.shot == b.shot
    )
    return Lane(
        dots=dots,
        strokes=strokes,
        gaps=_gaps(moments, on),
        states=_states(moments, on),
        worst=_worst(score, on),
        failing=_failing(score, on),
    )


def _runs(keys: Sequence[str]) -> list[tuple[str, int, int]]:
    """Runs of equal keys as (key, first, last)."""
    found = []
    at = 0
    for key, group in itertools.groupby(keys):
        length = len(list(group))
        found.append((key, at, at + length - 1))
        at += length
    return found


def _title(what: str, moments: Sequence[Moment], first: int, last: int) -> str:
    count = last - first + 1
    when = words.span(moments[first].seconds, moments[last].seconds)
    return f"{when}: {what} ({count} judged frame{'s' if count > 1 else ''})"


def _gaps(moments: Sequence[Moment], on: Axis) -> tuple[Span, ...]:
    keys = ["" if moment.likeness is not None else f"{words.state(moment)}|{words.gap(moment)}" for moment in moments]
    return tuple(
        on.between(
            moments[first].seconds,
            moments[last].seconds,
            state=key.partition("|")[0],
            label=key.partition("|")[2],
            title=_title(f"{words.STATES[key.partition('|')[0]]}, {key.partition('|')[2]}", moments, first, last),
        )
        for key, first, last in _runs(keys)
        if key
    )


def _states(moments: Sequence[Moment], on: Axis) -> tuple[Span, ...]:
    return tuple(
        on.between(
            moments[first].seconds,
            moments[last].seconds,
            state=state,
            label=words.STATES[state],
            title=_title(words.STATES[state], moments, first, last),
        )
        for state, first, last in _runs([words.state(moment) for moment in moments])
    )


def _worst(score: Score, on: Axis) -> tuple[Span, Mark] | None:
    shown = worst_moments(score)
    if not shown or score.worst is None or score.worst_at is None:
        return None
    text = f"worst {figure(score.worst)} at {timecode(score.worst_at)}"
    band = on.between(shown[0].seconds, shown[-1].seconds, state="worst", label="", title=text)
    return band, _mark(band, text)


def _failing(score: Score, on: Axis) -> tuple[Span, Mark] | None:
    run = score.failing
    if run is None:
        return None
    text = f"longest drift {words.span(run.start, run.end)}"
    bar = on.between(run.start, run.end, state="failing", label="", title=f"{text}, {run.frames} judged frames")
    return bar, _mark(bar, text)


def _mark(span: Span, text: str) -> Mark:
    """A label at a span: it may reach out on either side, but never out of the drawing, not even on a phone."""
    half = 50 * LETTER * len(text) / NARROW
    if span.middle < half:
        return Mark(x=span.x if span.x + 2 * half <= 100 else 0.0, text=text, anchor="start")
    if span.middle > 100 - half:
        end = round(span.x + span.width, 2)
        return Mark(x=end if end >= 2 * half else 100.0, text=text, anchor="end")
    return Mark(x=span.middle, text=text, anchor="middle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An outcome on the timeline: its number in the list, the row it is drawn in, and its span."""

    number: int
    row: int
    span: Span


def outcomes(found: Sequence[Outcome], on: Axis) -> tuple[Told, ...]:
    """Outcomes in as few rows as keep them apart."""
    ends: list[float] = []
    told = []
    for number, outcome in enumerate(found, start=1):
        label = f"{number} {words.OUTCOMES[outcome.kind].lower()}"
        title = f"{words.span(outcome.start, outcome.end)}: {outcome.reason}"
        span = on.between(outcome.start, outcome.end, state=outcome.kind, label=label, title=title)
        if not span.room:
            span = on.between(outcome.start, outcome.end, state=outcome.kind, label=str(number), title=title)
        row = next((index for index, end in enumerate(ends) if end <= span.x), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = span.x + span.width
        told.append(Told(number=number, row=row, span=span))
    return tuple(told)
