"""The contact sheet of a shot: its takes side by side, each with its score in words."""

from collections.abc import Sequence
from pathlib import Path

from samecast.core.consistency import REJECTED, Score, TakeScore, match_rate, take_score_from_json, timecode
from samecast.core.rates import figure
from samecast.core.story import Shot, Take
from samecast.ports import Cell, Media, Picture, Pixels

FRAMES_SHOWN = 5


def contact_sheet(shot: Shot, media: Media) -> Picture:
    """Draw the sheet from the exported takes of a finished shot; what could not be made is not on it."""
    made = [take for take in shot.takes if take.state == "done"]
    scores = [take_score_from_json(take.score) if take.score else TakeScore() for take in made]
    cells = [_cell(take, score, shot.picked == take.id, media) for take, score in zip(made, scores, strict=True)]
    return media.contact_sheet(cells, title=shot.prompt, subtitle=_subtitle(shot, scores))


def _cell(take: Take, score: TakeScore, picked: bool, media: Media) -> Cell:
    assert take.path is not None
    path = Path(take.path)
    frames: tuple[Pixels, ...]
    if take.recipe.kind == "video":
        frames = tuple(rgb for _, rgb in media.clip_frames(path, FRAMES_SHOWN))
    else:
        frames = (media.read_picture(path).rgb,)
    head = f"Take {take.number}  ·  seed {take.recipe.seed}"
    lines = (head, *(words(entry) for entry in score.characters), *_faults(score))
    return Cell(frames=frames, caption=lines, picked=picked, tone=_tone(score))


def _faults(score: TakeScore) -> list[str]:
    """What is wrong beside the likeness: who is who, and anchors that are not where they belong."""
    wrong = [outcome.reason for outcome in score.outcomes if outcome.kind in REJECTED]
    return wrong + [
        f"@{entry.handle}: {anchor.text} {anchor.verdict}"
        for entry in score.characters
        for anchor in entry.anchors
        if anchor.verdict in ("moved", "lost")
    ]


def words(score: Score, *, named: bool = True) -> str:
    """A score as people say it: '@mira: same person 0.97, worst 0.91 at 0:02'; `named`: with who it is."""
    name = f"@{score.handle}: " if named else ""
    match score.verdict:
        case "missing":
            return f"{name}missing"
        case "not_measurable":
            return f"{name}not measurable"
        case verdict:
            word = "same person" if score.p_same is not None else "appearance match"
            worst = ""
            if score.worst is not None and score.worst_at is not None:
                worst = f", worst {figure(score.worst)} at {timecode(score.worst_at)}"
            drifts = " · drifts" if verdict == "drift" else ""
            return f"{name}{word} {figure(score.likeness or 0.0)}{worst}{drifts}"


def _tone(score: TakeScore) -> str:
    if not score.characters:
        return "neutral"
    if score.holds:
        return "good"
    return "warn" if score.measurable else "bad"


def _subtitle(shot: Shot, scores: Sequence[TakeScore]) -> str:
    """The match rate where there is something to match, and what the figures mean on an engine that composites."""
    if not any(score.characters for score in scores):
        return f"{shot.model} · no character named"
    first = [score for take, score in zip(shot.takes, scores, strict=False) if take.round == 1] or scores
    by_design = any(entry.composited for score in scores for entry in score.characters)
    note = " · composited from the reference, so likeness is by design" if by_design else ""
    again = "" if len(first) == len(scores) else f" of {len(first)} ordered at first"
    return f"{shot.model} · takes that hold{again}: {match_rate(first)}{note}"
