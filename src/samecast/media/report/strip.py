"""The frames of a clip in a row, and what the page's script tells of each while somebody moves along the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.consistency import Score, timecode
from samecast.core.report import FileShown
from samecast.media.report import words
from samecast.media.report.judged import Judged, Look, frame_at
from samecast.media.report.pictures import Shelf, Shown
from samecast.media.report.timeline import Axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One frame of the strip, in the gravest state that a character is in."""

    number: int
    time: str
    state: str
    word: str
    picture: Shown | None


def strip(file: FileShown, on: Axis, shelf: Shelf) -> tuple[Still, ...]:
    made = []
    for number, time in enumerate(on.times, start=1):
        state = _gravest(file.score.characters, time)
        frame = frame_at(file.frames, time)
        made.append(
            Still(
                number=number,
                time=timecode(time),
                state=state,
                word=words.STATES[state],
                picture=shelf.put(frame.whole) if frame else None,
            )
        )
    return tuple(made)


def _gravest(scores: Sequence[Score], time: float) -> str:
    found = {words.state(moment) for score in scores for moment in score.moments if moment.seconds == time}
    return next(state for state in ("missing", "drifting", "unmeasured", "present") if state in found)


def scrub(judged: Sequence[Judged], on: Axis, frames: Sequence[Still]) -> dict[str, object]:
    """For behaviour.js, as JSON. It holds no picture, only names of pictures.

    `judged` comes weakest first: the page begins at its worst moment, and the key for it goes on to the next one's.
    """
    firsts = [[index for index, time in enumerate(on.times) if time >= cut - 1e-3][:1] for cut in on.cuts]
    followed = [entry for entry in judged if entry.looks]
    return {
        "x": [on.x(time) for time in on.times],
        "time": [frame.time for frame in frames],
        "whole": [_named(frame.picture) for frame in frames],
        "shots": sorted({0, *(index for found in firsts for index in found)}),
        "start": followed[0].worst if followed else 0,
        "worst": list(dict.fromkeys(entry.worst for entry in followed if entry.worst_told)),
        "lanes": {
            entry.who.handle: {
                "name": entry.who.name,
                "looks": {look.number - 1: _told(look) for look in entry.looks},
            }
            for entry in followed
        },
    }


def _named(picture: Shown | None) -> list[str | int]:
    return [picture.id, picture.width, picture.height] if picture else []


def _told(look: Look) -> dict[str, object]:
    return {
        "state": look.state,
        "told": look.told,
        "figure": look.figure,
        "head": look.head,
        "usual": look.usual,
        "crop": _named(look.crop),
    }
