"""What is said beside a take: in words first, the worst character's, and never a figure that was not measured."""

import pytest

from samecast.core.consistency import AnchorScore, CopyScore, Outcome, Score, ScoreVerdict, TakeScore
from samecast.core.telling import told


def score(verdict: ScoreVerdict, handle: str = "mira", **more: object) -> Score:
    said = {"p_same": 0.97, "encoder": "dlib", "reason": "It is so."}
    return Score(handle=handle, verdict=verdict, **{**said, **more})  # type: ignore[arg-type]


def anchor(text: str, verdict: str) -> AnchorScore:
    return AnchorScore(text=text, kind="colour", verdict=verdict, reason="")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "words", "more"),
    [
        (score("match"), "Same person", "likeness 0.97"),
        (score("match", worst=0.93, worst_at=2.4), "Same person, worst moment 0:02", "likeness 0.93"),
        (score("match", composited=True), "Same person by design", "likeness 0.97"),
        (score("match", p_same=None, appearance=0.8), "Same look", "appearance 0.80"),
        (score("drift", p_same=0.31, worst=0.2, worst_at=63.0), "Drifts, worst moment 1:03", "likeness 0.20"),
        (score("drift", p_same=0.05), "Another person", "likeness 0.05"),
        (score("missing", p_same=None, reason="Nobody is there."), "Not in it", "Nobody is there"),
        (
            score("not_measurable", p_same=None, reason="The face is in profile."),
            "Not measurable",
            "The face is in profile",
        ),
    ],
)
def test_a_take_in_a_few_words(one: Score, words: str, more: str):
    said = told(TakeScore(characters=(one,)))
    assert (said.verdict, said.words, said.more) == (one.verdict, words, more)


def test_nobody_named_is_no_verdict():
    assert told(TakeScore()).verdict is None
    assert "nothing to compare" in told(TakeScore()).words


def test_of_several_the_worst_is_told_by_name():
    said = told(TakeScore(characters=(score("match"), score("missing", "leo", p_same=None, reason="Gone."))))
    assert (said.verdict, said.words) == ("missing", "Not in it (@leo)")
    said = told(TakeScore(characters=(score("match"), score("match", "leo", p_same=0.6))))
    assert said.words == "Same person (@leo)"


def test_who_is_wrong_comes_before_how_alike():
    wrong = Outcome(kind="swapped", handles=("mira", "leo"), start=1.0, end=3.0, frames=20, reason="They are swapped.")
    said = told(TakeScore(characters=(score("match"), score("match", "leo")), outcomes=(wrong,)))
    assert said.words == "@mira and @leo swapped, from 0:01"
    assert said.more == "They are swapped."


def test_anchors_and_pastes_are_told_beside_the_figure():
    fallen = score("match", anchors=(anchor("a scar", "moved"), anchor("cyan piping", "held")))
    assert told(TakeScore(characters=(fallen,))).more == "likeness 0.97 · a scar moved"
    held = score("match", anchors=(anchor("a scar", "held"), anchor("cyan piping", "not_assessable")))
    assert told(TakeScore(characters=(held,))).more == "likeness 0.97 · 1 of 2 anchors held"
    pasted = score("match", copy=CopyScore(verdict="copy", copied=0.9, reason=""))
    assert "the reference pasted in" in told(TakeScore(characters=(pasted,))).more
