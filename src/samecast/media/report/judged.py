"""One character in one file, as the page tells it: verdict, frames that prove it, figures, anchors. All in words.

None is told as not measurable, never as 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from samecast.core.consistency import AnchorScore, Moment, Score, timecode
from samecast.core.errors import InvalidInput
from samecast.core.rates import figure
from samecast.core.report import AnchorShown, FileShown, FrameShown
from samecast.media.report import timeline, words
from samecast.media.report.pictures import Shelf, Shown

WORST = "Worst moment"
SAME_FRAME = 2e-3
"""Seconds within which a kept picture and a moment are one frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A character of the report."""

    handle: str
    name: str
    version: int
    description: str
    reference: Shown
    face: Shown | None

    @property
    def shown(self) -> Shown:
        """The picture that frames are put beside."""
        return self.face or self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of figures: what it is, how it is told, and the small number beside it."""

    what: str
    told: str
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One judged frame of one character. What was not measured is empty; `angle` and `beside` are `head` and `usual`
    for a table's narrow columns."""

    number: int
    time: str
    shot: int
    state: str
    figure: str
    told: str
    head: str
    usual: str
    angle: str
    beside: str
    distance: str
    whole: Shown | None
    crop: Shown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLine:
    text: str
    verdict: str
    word: str
    reason: str
    held: str
    strength: str
    time: str
    reference: Shown | None
    own: Shown | None
    mirrored: Shown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`evidence`: the frames shown large. `worst`: position of the judged frame to begin with. `copy`: tone, words.

    `strength`: the likeness it is judged by, for comparing; `figure` is how that is told.
    """

    who: Who
    verdict: str
    word: str
    sentence: str
    reason: str
    figure: str
    strength: float
    worst_told: str
    measure: str
    lane: timeline.Lane | None
    looks: tuple[Look, ...]
    evidence: tuple[Look, ...]
    evidence_title: str
    worst: int
    facts: tuple[Fact, ...]
    anchors: tuple[AnchorLine, ...]
    copy: tuple[str, str]
    encoder: str
    calibration: str
    far: str


def whose(handle: str, cast: Mapping[str, Who]) -> Who:
    if handle not in cast:
        raise InvalidInput(f"The report scores @{handle} and does not show who that is.")
    return cast[handle]


def judged(score: Score, file: FileShown, who: Who, on: timeline.Axis | None, shelf: Shelf) -> Judged:
    looks = tuple(_look(moment, on, score, file.frames, shelf) for moment in score.moments) if on else ()
    evidence, title = _evidence(score, looks, on) if on and looks else (_still(score, file, shelf), "")
    weakest = score.worst if score.worst is not None else score.likeness
    at = (
        f"{figure(score.worst)} at {timecode(score.worst_at)}"
        if score.worst is not None and score.worst_at is not None
        else ""
    )
    return Judged(
        who=who,
        verdict=score.verdict,
        word=words.VERDICTS[score.verdict],
        sentence=words.sentence(score, who.name, clip=file.video),
        reason=score.reason,
        figure=figure(weakest) if weakest is not None else "",
        strength=score.weakest,
        worst_told=at,
        measure=words.measure(score),
        lane=timeline.lane(score, on) if on and score.moments else None,
        looks=looks,
        evidence=evidence,
        evidence_title=title,
        worst=evidence[len(evidence) // 2].number - 1 if evidence else 0,
        facts=_facts(score, file) if file.video else (),
        anchors=tuple(_anchor(anchor, score.handle, file, shelf) for anchor in score.anchors),
        copy=words.copied(score),
        encoder=score.encoder,
        calibration=score.calibration,
        far=words.capital(words.false_accepts(score.far)),
    )


# --- frames -------------------------------------------------------------------------------------------------------


def frame_at(frames: Sequence[FrameShown], seconds: float) -> FrameShown | None:
    """The frame that was judged at that second; None where no picture of it was kept."""
    nearest = min(frames, key=lambda frame: abs(frame.seconds - seconds), default=None)
    return nearest if nearest and abs(nearest.seconds - seconds) < SAME_FRAME else None


def _look(moment: Moment, on: timeline.Axis | None, score: Score, frames: Sequence[FrameShown], shelf: Shelf) -> Look:
    """`on` is None for a still, which has one frame and no time."""
    frame = frame_at(frames, moment.seconds)
    crop = frame.crop(score.handle) if frame else None
    person = words.is_person(score)
    measured = moment.likeness is not None
    angles = any(entry.usual is not None for entry in score.moments)  # else every frame would say that it is not known
    return Look(
        number=on.times.index(moment.seconds) + 1 if on else 1,
        time=timecode(moment.seconds) if on else "",
        shot=moment.shot + 1,
        state=words.state(moment),
        figure=figure(moment.likeness) if moment.likeness is not None else "",
        told=words.told(moment, person=person),
        head=words.head(moment.yaw) if person and (measured or moment.yaw is not None) else "",
        usual=words.usual(moment) if person and angles else "",
        angle=words.angle(moment.yaw) if person else "",
        beside=words.beside(moment) if person else "",
        distance=f"{moment.distance:.3f}" if moment.distance is not None else "",
        whole=shelf.put(frame.whole) if frame else None,
        crop=shelf.put(crop) if crop else None,
    )


def _still(score: Score, file: FileShown, shelf: Shelf) -> tuple[Look, ...]:
    """The picture itself. Where its score carries no moment, what is known is the verdict and the likeness."""
    if not file.frames:
        return ()
    if score.moments:
        return (_look(score.moments[0], None, score, file.frames, shelf),)
    bare = Moment(seconds=file.frames[0].seconds, likeness=score.likeness)
    if score.likeness is None and score.verdict == "missing":
        bare = Moment(seconds=file.frames[0].seconds, likeness=None, gap="nobody")
    look = _look(bare, None, score, file.frames, shelf)
    told = look.told if look.figure else words.VERDICTS[score.verdict].lower()
    return (replace(look, told=told, head="", usual="", angle="", beside=""),)


def _evidence(score: Score, looks: Sequence[Look], on: timeline.Axis) -> tuple[tuple[Look, ...], str]:
    """The frames that prove the verdict: the worst stretch; where nothing was judged, first, middle and last gap."""
    worst = timeline.worst_moments(score)
    if worst:
        numbers = {on.times.index(moment.seconds) + 1 for moment in worst}
        when = words.span(worst[0].seconds, worst[-1].seconds)
        return tuple(look for look in looks if look.number in numbers), f"Worst stretch, {when}"
    state = "missing" if score.verdict == "missing" else "unmeasured"
    gaps = [look for look in looks if look.state == state] or [look for look in looks if not look.figure] or list(looks)
    chosen = sorted({0, len(gaps) // 2, len(gaps) - 1})
    return tuple(gaps[index] for index in chosen), "What the frames show instead"


# --- figures ------------------------------------------------------------------------------------------------------


def _facts(score: Score, file: FileShown) -> tuple[Fact, ...]:
    person = words.is_person(score)
    measured = sum(moment.likeness is not None for moment in score.moments)
    way, change = words.trend(score.slope, file.seconds)
    at = f" at {timecode(score.worst_at)}" if score.worst_at is not None else ""
    run = score.failing
    ran = f"{words.span(run.start, run.end)}, {run.frames} frames" if run else "none"
    coverage = Fact(
        what="Could be measured",
        told=f"{measured} of {len(score.moments)} judged frames",
        number=f"{score.coverage:.0%}",
    )
    if score.likeness is None:
        return (coverage,)
    facts = [
        Fact(
            what=f"{words.capital(words.measure(score))}, typically",
            told=_told(score.likeness),
            number=_small(score.likeness, person),
        ),
        Fact(what=WORST, told=f"{_told(score.worst)}{at}", number=_small(score.worst, person)),
        Fact(what="19 of 20 frames reach", told=_told(score.p5)),
        Fact(what="Longest run of drift", told=ran, number=f"typically {figure(run.likeness)}" if run else ""),
        Fact(what="Over time", told=way, number=change),
        coverage,
    ]
    if person:
        share = f"{score.unusual:.0%} of frames at known angles" if score.unusual is not None else "not measurable"
        facts.append(Fact(what="Farther off than real footage at such a head angle", told=share))
    return tuple(facts)


def _told(probability: float | None) -> str:
    return figure(probability) if probability is not None else "not measurable"


def _small(probability: float | None, person: bool) -> str:
    return words.likely(probability, person=person) if probability is not None else ""


def _anchor(score: AnchorScore, handle: str, file: FileShown, shelf: Shelf) -> AnchorLine:
    places: AnchorShown | None = next(
        (entry for entry in file.anchors if entry.handle == handle and entry.text == score.text), None
    )
    at = score.at if score.at is not None else places.seconds if places else None
    held = f"{score.held} of {score.frames} frames" if file.video else words.ANCHORS[score.verdict].lower()
    return AnchorLine(
        text=score.text,
        verdict=score.verdict,
        word=words.ANCHORS[score.verdict],
        reason=score.reason,
        held=held if score.frames else "not assessable",
        strength=f"strength {score.strength:.2f}" if score.strength is not None else "",
        time=timecode(at) if at is not None and file.video else "",
        reference=shelf.put(places.reference) if places and places.reference else None,
        own=shelf.put(places.own) if places and places.own else None,
        mirrored=shelf.put(places.mirrored) if places and places.mirrored else None,
    )
