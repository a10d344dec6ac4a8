"""The JSON documents of the command line, as design says them: keys may be added, never renamed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from samecast.core.cast import Anchor, Character
from samecast.core.consistency import Score, TakeScore, match_rate, selected, take_score_from_json
from samecast.core.grading import Grade, grade_to_json
from samecast.core.story import Goal, Shot, Take

Json: TypeAlias = dict[str, object]


def grade_document(grade: Grade) -> Json:
    """{"verdict", "rules": [{"rule", "verdict", "measured", "advice"}]}"""
    document: Json = json.loads(grade_to_json(grade))
    return document


def anchor_document(anchor: Anchor) -> Json:
    region = anchor.region
    box = [region.x, region.y, region.width, region.height] if region else None
    return {"text": anchor.text, "side": anchor.side, "region": box}


def added_document(character: Character, grade: Grade | None) -> Json:
    """{"handle", "name", "version", "grade"}"""
    return {
        "handle": character.handle,
        "name": character.name,
        "version": character.current.number,
        "grade": grade_document(grade) if grade else None,
    }


def character_document(character: Character) -> Json:
    """A character with all its versions, the current one first in short."""
    current = character.current
    return {
        "handle": character.handle,
        "name": character.name,
        "version": current.number,
        "description": current.description,
        "tags": list(character.tags),
        "anchors": [anchor_document(anchor) for anchor in current.anchors],
        "references": [_reference(r.sha256, r.width, r.height, r.grade) for r in current.references],
        "created_at": character.created_at.isoformat(),
        "archived_at": character.archived_at.isoformat() if character.archived_at else None,
        "versions": [
            {
                "version": version.number,
                "digest": version.digest,
                "description": version.description,
                "anchors": [anchor_document(anchor) for anchor in version.anchors],
                "references": [reference.sha256 for reference in version.references],
                "created_at": version.created_at.isoformat(),
            }
            for version in character.versions
        ],
    }


def _reference(sha256: str, width: int, height: int, grade: str) -> Json:
    return {"sha256": sha256, "width": width, "height": height, "grade": json.loads(grade) if grade else None}


def score_document(score: Score) -> Json:
    """One SCORE: {"handle", "verdict", "p_same", "appearance", "worst", "coverage", "encoder", "reason", ...}"""
    return asdict(score)


def scores_document(handles: Sequence[str], entries: Sequence[tuple[Path, TakeScore]]) -> Json:
    """{"handle", "files": [{"path", ...SCORE}]}; with several handles SCORE is the first's, "characters" has all."""
    return {
        "handle": handles[0],
        "handles": list(handles),
        "match_rate": match_rate([score for _, score in entries]) if len(entries) > 1 else None,
        "files": [
            {"path": str(path), **score_document(score.characters[0]), **_whole(score, several=len(handles) > 1)}
            for path, score in entries
        ],
    }


def _whole(score: TakeScore, *, several: bool) -> Json:
    """What belongs to the file rather than to one character."""
    characters: Json = {"characters": [score_document(entry) for entry in score.characters]} if several else {}
    return {
        **characters,
        "outcomes": [asdict(outcome) for outcome in score.outcomes],
        "quality": asdict(score.quality),
    }


def shot_document(shot: Shot) -> Json:
    """{"shot", "model", "picked", "takes": [{"id", "seed", "path", "score"}]}"""
    scores = [_take_score(take) for take in shot.takes]
    judged = [_take_score(take) for take in shot.unjudged_trash.takes]
    named = any(score.characters for score in judged)
    made = [_take_score(take) for take in shot.kept if take.state == "done" and take.round == 1]
    return {
        "shot": shot.id,
        "state": shot.state,
        "prompt": shot.prompt,
        "model": shot.model,
        "picked": shot.picked,
        "why": shot.why,
        "by_hand": shot.by_hand,
        "match_rate": match_rate(made) if named and made and shot.finished else None,
        "likeness": _likeness(shot, judged) if named and shot.picked else None,
        "out": shot.out,
        "awaits": shot.awaits or None,
        "rounds": shot.round,
        "goal": _goal(shot.goal) if shot.goal else None,
        "spent": shot.spent / 1_000_000,
        "takes": [_take(take, score) for take, score in zip(shot.takes, scores, strict=True)],
    }


def _goal(goal: Goal) -> Json:
    """Money in dollars, as "spent" is."""
    money = goal.most_money / 1_000_000 if goal.most_money is not None else None
    return {"until": goal.until, "enough": goal.enough, "most_takes": goal.most_takes, "most_money": money}


def _likeness(shot: Shot, scores: Sequence[TakeScore]) -> Json | None:
    """The figure of a shot: the mean over the takes ordered at first. The winner was selected: its own proves less.

    None where a person picked one that could not be measured.
    """
    winner = next(index for index, take in enumerate(shot.takes) if take.id == shot.picked)
    if not scores[winner].measurable:
        return None
    told = selected(scores, winner, ordered=shot.ordered)
    return {"mean": told.mean, "standard_error": told.standard_error, "measured": told.measured, "selected": told.best}


def _take(take: Take, score: TakeScore) -> Json:
    return {
        "id": take.id,
        "number": take.number,
        "state": take.state,
        "seed": take.recipe.seed,
        "path": take.path,
        "sha256": take.asset,
        "recipe": take.recipe.digest,
        "notes": list(take.notes),
        "round": take.round,
        "error": take.error,
        "failure": take.failure,
        "seconds": take.seconds,
        "cost": take.cost / 1_000_000,
        "trashed_at": take.trashed_at.isoformat() if take.trashed_at else None,
        "score": {"characters": [score_document(entry) for entry in score.characters], **_whole(score, several=False)},
    }


def _take_score(take: Take) -> TakeScore:
    return take_score_from_json(take.score) if take.score else TakeScore()
