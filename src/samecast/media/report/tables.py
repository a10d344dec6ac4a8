"""The same report as a table (RFC 4180): one row a judged frame, character and file. docs/report.md tells the columns.

A cell that a spreadsheet program would run as a formula is made text by a leading apostrophe.
"""

import csv
import io
from collections.abc import Iterator

from samecast.core.consistency import HOLDS, Moment, Score, timecode
from samecast.core.report import FileShown, Report
from samecast.media.report import words
from samecast.media.report.plain import plain

COLUMNS = (
    "file",
    "kind",
    "handle",
    "verdict",
    "frame",
    "seconds",
    "timecode",
    "shot",
    "measure",
    "likeness",
    "holds",
    "gap",
    "yaw",
    "distance",
    "usual",
    "file_likeness",
    "file_worst",
    "file_worst_at",
    "file_coverage",
    "encoder",
    "reason",
)
FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a cell begins with that a spreadsheet program may run (OWASP, CSV injection), full-width forms too."""


def csv_of(report: Report) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for file in report.files:
        writer.writerows(_rows(file))
    return text.getvalue()


def safe(cell: str) -> str:
    """Text as a cell that no spreadsheet program takes for a formula, whatever blanks it begins with."""
    cleaned = plain(cell)
    bare = cleaned.lstrip(" \u00a0\u200b\ufeff")
    return f"'{cleaned}" if bare[:1] and bare[0] in FORMULA else cleaned


def _rows(file: FileShown) -> Iterator[dict[str, str]]:
    path = {"file": safe(file.path)}
    if file.refused:
        yield {**path, "kind": "refused", "reason": safe(file.refused)}
        return
    kind = {"kind": "clip" if file.video else "still"}
    if not file.score.characters:
        yield {**path, **kind}
    for score in file.score.characters:
        whole = {**path, **kind, **_whole(score)}
        if file.video and score.moments:
            for number, moment in enumerate(score.moments, start=1):
                when = {"seconds": f"{moment.seconds:.3f}", "timecode": timecode(moment.seconds)}
                yield {**whole, **when, "frame": str(number), "shot": str(moment.shot + 1), **_moment(moment)}
        else:
            yield {**whole, **_moment(_still(score))}


def _still(score: Score) -> Moment:
    """A still's only moment, where the score carries none."""
    return score.moments[0] if score.moments else Moment(seconds=0.0, likeness=score.likeness)


def _whole(score: Score) -> dict[str, str]:
    return {
        "handle": safe(score.handle),
        "verdict": score.verdict,
        "measure": words.measure(score),
        "file_likeness": _number(score.likeness, 4),
        "file_worst": _number(score.worst, 4),
        "file_worst_at": _number(score.worst_at, 3),
        "file_coverage": _number(score.coverage, 4),
        "encoder": safe(score.encoder),
        "reason": safe(score.reason),
    }


def _moment(moment: Moment) -> dict[str, str]:
    return {
        "likeness": _number(moment.likeness, 4),
        "holds": _yes(None if moment.likeness is None else moment.likeness >= HOLDS),
        "gap": moment.gap or "",
        "yaw": _number(moment.yaw, 1),
        "distance": _number(moment.distance, 4),
        "usual": _yes(moment.usual),
    }


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
