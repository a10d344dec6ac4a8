"""A report as its template shows it: every number already in words, every place in percent, every picture by name.

The template lays out and escapes; it decides nothing. One character in one file is told in `judged`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from samecast.core.consistency import REJECTED
from samecast.core.report import FileShown, Report
from samecast.media.report import timeline, words
from samecast.media.report.judged import Fact, Judged, Who, judged, whose
from samecast.media.report.pictures import Shelf, Shown, Stored
from samecast.media.report.strip import Still, scrub, strip

GRAVITY = ("refused", "missing", "mixed", "drift", "not_measurable", "match")
"""The verdict of a file is the first of these that one of its characters has; `mixed`: an outcome that rejects it."""
DOING = {
    "match": ("holds", "hold"),
    "drift": ("drifts", "drift"),
    "mixed": ("mixes characters up", "mix characters up"),
    "missing": ("misses a character", "miss a character"),
    "not_measurable": ("cannot be measured", "cannot be measured"),
    "refused": ("cannot be read", "cannot be read"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """An outcome: what is wrong with who is who."""

    number: int
    word: str
    names: str
    time: str
    frames: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One file on the page. `rank`: its place when the weakest come first. `store`: the pictures first shown in it."""

    number: int
    name: str
    folder: str
    kind: str
    verdict: str
    word: str
    facts: str
    figure: str
    worst: str
    rank: int
    refused: str
    thumb: Shown | None
    judged: tuple[Judged, ...]
    axis: timeline.Axis | None
    strip: tuple[Still, ...]
    told: tuple[timeline.Told, ...]
    rows: int
    wrong: tuple[Wrong, ...]
    quality: tuple[Fact, ...]
    scrub: Mapping[str, object]
    store: tuple[Stored, ...]

    @property
    def alarm(self) -> bool:
        return any(entry.copy[0] == "bad" for entry in self.judged)


def characters(report: Report, shelf: Shelf) -> tuple[Who, ...]:
    return tuple(
        Who(
            handle=entry.handle,
            name=entry.name or f"@{entry.handle}",
            version=entry.version,
            description=entry.description,
            reference=shelf.put(entry.reference),
            face=shelf.put(entry.face) if entry.face else None,
        )
        for entry in report.characters
    )


def sheets(report: Report, cast: Sequence[Who], shelf: Shelf) -> Iterator[Sheet]:
    """Every file of the report, in its order. Raises `InvalidInput` for a character the report does not show."""
    by_weakness = sorted(range(len(report.files)), key=lambda index: _weakness(report.files[index]))
    ranks = {index: rank for rank, index in enumerate(by_weakness)}
    known = {who.handle: who for who in cast}
    for index, file in enumerate(report.files):
        yield _sheet(file, index + 1, ranks[index], known, shelf)


def verdict_of(file: FileShown) -> str:
    """The gravest verdict of a file's characters, so that it is "match" exactly where the file counts as a match."""
    if file.refused:
        return "refused"
    found: set[str] = {score.verdict for score in file.score.characters}
    if any(outcome.kind in REJECTED for outcome in file.score.outcomes):
        found.add("mixed")
    return next((verdict for verdict in GRAVITY if verdict in found), "not_measurable")


def _weakness(file: FileShown) -> tuple[int, float]:
    """Weakest first: what went wrong, by its worst moment; then what holds; then what says nothing."""
    order = ("missing", "mixed", "drift", "match", "not_measurable", "refused")
    return order.index(verdict_of(file)), min((score.weakest for score in file.score.characters), default=0.0)


def headline(report: Report, cast: Sequence[Who]) -> str:
    """The verdict of the whole in one sentence."""
    if not report.files:
        return "No file was scored."
    if len(report.files) == 1:
        return _single(report.files[0], {who.handle: who for who in cast})
    counts = Counter(verdict_of(file) for file in report.files)
    if counts["match"] == len(report.files):
        return f"{cast[0].name if len(cast) == 1 else 'Every character'} holds in all {len(report.files)} files."
    parts = [f"{counts[key]} {DOING[key][counts[key] > 1]}" for key in DOING if counts[key]]
    return (
        f"Of {len(report.files)} files, {parts[0] if len(parts) == 1 else ', '.join(parts[:-1]) + ' and ' + parts[-1]}."
    )


def _single(file: FileShown, cast: Mapping[str, Who]) -> str:
    if file.refused:
        return "The file could not be read."
    if not file.score.characters:
        return "No character was looked for in this file."
    told = [words.briefly(score, whose(score.handle, cast).name, clip=file.video) for score in file.score.characters]
    told += list(
        dict.fromkeys(
            f"who is who is wrong ({words.OUTCOMES[outcome.kind].lower()})"
            for outcome in file.score.outcomes
            if outcome.kind in REJECTED
        )
    )
    return f"{_listed(told)}."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def false_accepts(report: Report) -> tuple[str, ...]:
    """How many strangers pass, one sentence for every limit that was used."""
    rates = {score.far for file in report.files for score in file.score.characters if score.far is not None}
    return tuple(words.false_accepts(rate) for rate in sorted(rates))


# --- one file -----------------------------------------------------------------------------------------------------


def _sheet(file: FileShown, number: int, rank: int, cast: Mapping[str, Who], shelf: Shelf) -> Sheet:
    path = PurePosixPath(file.path.replace("\\", "/"))
    verdict = verdict_of(file)
    times = sorted({moment.seconds for score in file.score.characters for moment in score.moments})
    on = timeline.axis(times, file.cuts, file.seconds) if file.video and times else None
    told = tuple(judged(score, file, whose(score.handle, cast), on, shelf) for score in file.score.characters)
    frames = strip(file, on, shelf) if on else ()
    weakest = sorted(told, key=lambda entry: (GRAVITY.index(entry.verdict), entry.strength))
    marked = timeline.outcomes(file.score.outcomes, on) if on else ()
    return Sheet(
        number=number,
        name=path.name or file.path,
        folder="" if str(path.parent) == "." else str(path.parent),
        kind="refused" if file.refused else "clip" if file.video else "still",
        verdict=verdict,
        word=words.VERDICTS[verdict],
        facts=_facts(file, len(times)),
        figure=weakest[0].figure if weakest else "",
        worst=weakest[0].worst_told if weakest else "",
        rank=rank,
        refused=file.refused,
        thumb=_thumb(weakest, frames),
        judged=told,
        axis=on,
        strip=frames,
        told=marked,
        rows=max((entry.row for entry in marked), default=-1) + 1,
        wrong=_wrong(file, cast),
        quality=_quality(file),
        scrub=scrub(weakest, on, frames) if on else {},
        store=shelf.take(),
    )


def _thumb(weakest: Sequence[Judged], frames: Sequence[Still]) -> Shown | None:
    """The frame at the worst moment of the weakest character, else the first that was kept."""
    evidence = weakest[0].evidence if weakest else ()
    kept = [evidence[len(evidence) // 2].whole] if evidence else []
    return next((shown for shown in (*kept, *(frame.picture for frame in frames)) if shown), None)


def _facts(file: FileShown, judged_frames: int) -> str:
    if file.refused:
        return ""
    parts = [f"{file.width} × {file.height}"] if file.width and file.height else []
    if file.video:
        parts += [f"{file.seconds:.1f} s"] if file.seconds else []
        parts += [f"{file.fps:.3g} frames a second"] if file.fps else []
        parts += [f"{judged_frames} judged frame{'' if judged_frames == 1 else 's'}"]
        parts += [f"{len(file.cuts)} cut{'' if len(file.cuts) == 1 else 's'}"] if file.cuts else ["no cut"]
    return " · ".join(parts)


def _wrong(file: FileShown, cast: Mapping[str, Who]) -> tuple[Wrong, ...]:
    return tuple(
        Wrong(
            number=number,
            word=words.OUTCOMES[outcome.kind],
            names=", ".join(cast[handle].name if handle in cast else f"@{handle}" for handle in outcome.handles),
            time=words.span(outcome.start, outcome.end) if file.video else "",
            frames=outcome.frames,
            reason=outcome.reason,
        )
        for number, outcome in enumerate(file.score.outcomes, start=1)
    )


def _quality(file: FileShown) -> tuple[Fact, ...]:
    """Flicker and frozen motion only where there is motion."""
    found = file.score.quality
    kinds = [("sharpness", "Sharpness", found.sharpness)]
    if file.video:
        kinds += [("flicker", "Light", found.flicker), ("frozen", "Motion", found.frozen)]
    lines = [(what, *words.quality(name, value)) for name, what, value in kinds]
    return tuple(Fact(what=what, told=told, number=number) for what, told, number in lines)
