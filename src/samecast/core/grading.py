"""The reference grade: every rule's verdict put together, kept as JSON, and candidates ranked by it. No pixels here.

`vision/gauge.py` measures (through the port `ReferenceGauge`), reference_rules.py judges, anchors.py judges anchors.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from samecast.core.errors import InvalidInput
from samecast.core.measurements import FaceBox, Measurements, Number, Rule, RuleName, RuleVerdict
from samecast.core.reference_rules import (
    judge_eyes,
    judge_lighting,
    judge_pose,
    judge_resolution,
    judge_sharpness,
    judge_subject,
)

__all__ = [
    "FaceBox", "Grade", "GradeVerdict", "Measurements", "Number", "Place", "Rule", "RuleName", "RuleVerdict",
    "grade", "grade_from_json", "grade_to_json", "rank",
]  # fmt: skip

GradeVerdict: TypeAlias = Literal["strong", "usable", "weak", "unusable"]
_ORDER: tuple[GradeVerdict, ...] = ("strong", "usable", "weak", "unusable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    verdict: GradeVerdict
    rules: tuple[Rule, ...]

    def rule(self, name: RuleName) -> Rule | None:
        """The rule of that name, or None where it was not judged."""
        return next((rule for rule in self.rules if rule.rule == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One candidate's place in an audition: its index in what was given, its points, and why it stands there."""

    index: int
    points: float
    """0..100; only good for comparing candidates of one audition."""
    why: str


def grade(measurements: Measurements, anchors: Rule) -> Grade:
    """Judge a reference. `anchors` is the anchors' own rule, judged from words alone."""
    rules = (
        judge_pose(measurements),
        judge_eyes(measurements),
        judge_lighting(measurements),
        judge_sharpness(measurements),
        judge_resolution(measurements),
        judge_subject(measurements),
        anchors,
    )
    return Grade(verdict=_verdict(rules), rules=rules)


def with_anchors(graded: Grade, anchors: Rule) -> Grade:
    """The same picture judged with other anchors: they are words, so nothing has to be measured anew."""
    rules = tuple(anchors if rule.rule == "anchors" else rule for rule in graded.rules)
    return Grade(verdict=_verdict(rules), rules=rules)


def _verdict(rules: Sequence[Rule]) -> GradeVerdict:
    """At a glance:

    unusable  two or more of the picture's rules fail
    weak      one of them fails, or nobody and nothing stands out in the picture
    usable    none fails
    strong    none fails, pose and subject pass, light and anchors are known, and at most one rule warns or is unknown

    The anchors are words, mended without another picture: they can keep a reference from strong, never make it weak.
    """
    picture = [rule for rule in rules if rule.rule != "anchors"]
    fails = sum(rule.verdict == "fail" for rule in picture)
    if fails:
        return "unusable" if fails > 1 else "weak"
    if any(rule.rule == "subject" and rule.measured.get("clear") is False for rule in picture):
        return "weak"
    doubts = sum(rule.verdict in ("warn", "unknown") for rule in rules)
    verdicts = {rule.rule: rule.verdict for rule in rules}
    faces_us = verdicts.get("pose") == "pass" and verdicts.get("subject") == "pass"
    known = all(verdicts.get(name) in ("pass", "warn") for name in ("lighting", "anchors"))
    return "strong" if faces_us and known and doubts <= 1 else "usable"


# --- kept as text ---------------------------------------------------------------------------------------------------


def grade_to_json(graded: Grade) -> str:
    """The command line's form: {"verdict", "rules": [{"rule", "verdict", "measured", "advice"}]}."""
    tree = {
        "verdict": graded.verdict,
        "rules": [
            {"rule": rule.rule, "verdict": rule.verdict, "measured": rule.measured, "advice": rule.advice}
            for rule in graded.rules
        ],
    }
    return json.dumps(tree, ensure_ascii=False)


def grade_from_json(text: str) -> Grade:
    """Read back what `grade_to_json` wrote. Raises `InvalidInput` for anything else."""
    try:
        tree = json.loads(text)
        rules = tuple(
            Rule(rule=r["rule"], verdict=r["verdict"], measured=dict(r["measured"]), advice=str(r["advice"]))
            for r in tree["rules"]
        )
        verdict = tree["verdict"]
        known = verdict in get_args(GradeVerdict) and all(
            rule.rule in get_args(RuleName) and rule.verdict in get_args(RuleVerdict) for rule in rules
        )
        if not known:
            raise ValueError("unknown words")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput("The grade cannot be read.", hint="It was not written by this samecast.") from error
    return Grade(verdict=verdict, rules=rules)


# --- auditions ------------------------------------------------------------------------------------------------------

_WEIGHT: dict[RuleName, float] = {
    "pose": 2.0, "eyes": 1.5, "lighting": 2.0, "sharpness": 1.0, "resolution": 1.0, "subject": 2.0,
}  # fmt: skip
_UNKNOWN_QUALITY = 30.0
"""What a rule that could not be measured counts in a comparison: worse than a middling measured one."""


def rank(grades: Sequence[Grade]) -> tuple[Place, ...]:
    """Candidates of one character, strongest first: by verdict, then by the measured qualities. Any number of them.

    Points are a weighted geometric mean, so that one bad quality cannot hide behind the others. Ties keep their order.
    """
    points = [_points(entry) for entry in grades]
    order = sorted(range(len(grades)), key=lambda i: (_ORDER.index(grades[i].verdict), -points[i], i))
    return tuple(
        Place(index=index, points=points[index], why=_why(grades[index], points[index], place, len(grades)))
        for place, index in enumerate(order, start=1)
    )


def _points(graded: Grade) -> float:
    total = sum(_WEIGHT.values())
    logs = 0.0
    for name, weight in _WEIGHT.items():
        rule = graded.rule(name)
        logs += weight * math.log(max(1.0, _quality(rule) if rule else _UNKNOWN_QUALITY))
    return round(math.exp(logs / total), 1)


def _quality(rule: Rule) -> float:
    quality = rule.measured.get("quality")
    return float(quality) if isinstance(quality, int | float) and rule.verdict != "unknown" else _UNKNOWN_QUALITY


def _why(graded: Grade, points: float, place: int, of: int) -> str:
    """One sentence: what holds it back most, or what it is good at."""
    picture = [rule for rule in graded.rules if rule.rule != "anchors"]
    troubled = [rule for rule in picture if rule.verdict == "fail"] or [r for r in picture if r.verdict == "warn"]
    lead = f"{graded.verdict.capitalize()}, {points:.0f} points"
    if place == 1 and of > 1:
        lead = f"Strongest of {of}: {graded.verdict}, {points:.0f} points"
    if troubled:
        worst = min(troubled, key=_quality)
        return f"{lead}; held back by {worst.rule}: {_lower(worst.advice)}"
    unknown = [rule.rule for rule in picture if rule.verdict == "unknown"]
    if unknown:
        return f"{lead}; could not measure {', '.join(unknown)}."
    best = max(picture, key=_quality, default=None)
    weakest = min(picture, key=_quality, default=None)
    if best is None or weakest is None:
        return f"{lead}."
    return f"{lead}; every rule passes, best in {best.rule}, least in {weakest.rule}."


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
