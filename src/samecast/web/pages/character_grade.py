"""A reference's grade as it is read: the verdict in words first, then every rule with its advice, then the drawing."""

from collections.abc import Callable
from typing import Any

from samecast.core.grading import Grade, GradeVerdict, grade_from_json
from samecast.core.measurements import RuleName, RuleVerdict
from samecast.web import kit
from samecast.web.kit import Dialog, Tag, words

VERDICTS: dict[GradeVerdict, str] = {
    "strong": "Strong reference",
    "usable": "Usable reference",
    "weak": "Weak reference",
    "unusable": "Not usable as a reference",
}
SHORT: dict[GradeVerdict, str] = {"strong": "Strong", "usable": "Usable", "weak": "Weak", "unusable": "Not usable"}
RULES: dict[RuleName, str] = {
    "pose": "Pose",
    "eyes": "Eyes",
    "lighting": "Light",
    "sharpness": "Sharpness",
    "resolution": "Size",
    "subject": "Subject",
    "anchors": "Anchors",
}
SPOKEN: dict[RuleVerdict, str] = {
    "pass": "good",
    "warn": "could be better",
    "fail": "to be mended",
    "unknown": "cannot be told",
}
_ORDER: tuple[RuleVerdict, ...] = ("fail", "warn", "unknown", "pass")


def kept_grade(text: str) -> Grade | None:
    """A grade as it is kept with a reference; None where there is none."""
    return grade_from_json(text) if text else None


def short_words(grade: Grade | None) -> tuple[str, str]:
    """The verdict, and how it is told in a word or two."""
    return ("unknown", "Not graded") if grade is None else (grade.verdict, SHORT[grade.verdict])


def short_verdict(grade: Grade | None) -> Tag:
    """The verdict in a word or two."""
    return kit.verdict(*short_words(grade))


def show_grade(place: Tag, grade: Grade, *, anchors: bool = True) -> None:
    """Everything about a grade into `place`: what is to be mended first. `anchors`: the rule about words too."""
    place.clear()
    with place:
        kit.verdict(grade.verdict, VERDICTS[grade.verdict]).put(role="status")
        with Tag("ul", classes="rules"):
            rules = [rule for rule in grade.rules if anchors or rule.rule != "anchors"]
            for rule in sorted(rules, key=lambda rule: _ORDER.index(rule.verdict)):
                with Tag("li", classes=f"rule {rule.verdict}"):
                    with Tag("span", classes=f"verdict {rule.verdict}"):
                        words(RULES[rule.rule], tag="span")
                        words(f", {SPOKEN[rule.verdict]}:", "sr", tag="span")
                    words(rule.advice, "small", tag="span")


def overlay_dialog(name: str, grade: Grade) -> None:
    """What was measured, large."""
    dialog = Dialog("What was measured", size="wide")
    with dialog.inside, Tag("div", classes="measured"):
        Tag(
            "img",
            src=received(name, 1280),
            alt="The picture with what was measured drawn over it",
            classes="measured-picture",
        )
        with kit.stack():
            side = Tag("div", classes="grade stack tight")
            show_grade(side, grade)
            words(
                "Lines: the face as it was found. Tinted: the light on each cheek. Arrows: where the head points. "
                "Dashed: a square around the head.",
                "muted small",
            )
    dialog.open()


def overlay_button(name: str, grade: Grade) -> Tag:
    """What was measured, small; pressed, large."""
    pressed: Callable[[], Any] = lambda: overlay_dialog(name, grade)  # noqa: E731
    made = Tag("button", classes="overlay", type="button")
    with made:
        Tag("img", src=received(name, 320), alt="")
        words("What was measured", "small", tag="span")
    made.on("click", pressed, args=[])
    return made


def received(name: str, side: int) -> str:
    """Where a picture that was handed in is shown."""
    return f"/studio/received/{name}/{side}.jpg"
