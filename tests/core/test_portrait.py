"""The formula's shape, its missing and vague slots, and that it never says a thing twice."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.lexicon_at_hand import LEXICON

from samecast.core.errors import SamecastError
from samecast.core.portrait import PortraitSlots, portrait_prompt

GUIDE = PortraitSlots(
    character="a cyber samurai woman, Japanese, mid-30s",
    anchors=("faint diagonal scar across right cheekbone", "left-side undercut"),
    expression="calm intense expression",
    hair="long jet-black hair pulled into a tight low ponytail with a subtle left-side undercut",
    clothing="wearing sleek matte black tactical armor with glowing cyan piping along all seams",
    background="neon signage at night, blurred",
    lighting="backlit by deep red and cyan neon",
    style="Blade Runner 2049 color grading, photoreal cinematic",
)


def test_the_guides_slots_give_the_guides_prompt() -> None:
    built = portrait_prompt(GUIDE, LEXICON)
    assert built.text == (
        "Cinematic medium portrait of a cyber samurai woman, Japanese, mid-30s, faint diagonal scar across right "
        "cheekbone, calm intense expression, long jet-black hair pulled into a tight low ponytail with a subtle "
        "left-side undercut, wearing sleek matte black tactical armor with glowing cyan piping along all seams, neon "
        "signage at night, blurred, shallow depth of field, shot on 85mm anamorphic, backlit by deep red and cyan "
        "neon, Blade Runner 2049 color grading, photoreal cinematic, 1:1"
    )
    assert (built.missing, built.vague, built.contradictions, built.advice) == ((), (), (), ())


def test_an_empty_formula_says_everything_is_missing() -> None:
    built = portrait_prompt(PortraitSlots(), LEXICON)
    assert set(built.missing) == {f.name for f in fields(PortraitSlots)} - {"lens"}
    assert len(built.advice) == len(built.missing)
    assert built.text == "Cinematic medium portrait, shallow depth of field, shot on 85mm anamorphic, photoreal, 1:1"


@pytest.mark.parametrize("slot", ["character", "expression", "hair", "clothing", "background", "lighting", "style"])
def test_each_empty_slot_is_named(slot: str) -> None:
    empty: dict[str, Any] = {slot: " "}
    assert portrait_prompt(replace(GUIDE, **empty), LEXICON).missing == (slot,)


def test_vague_slots_are_named_with_a_better_kind() -> None:
    slots = replace(
        GUIDE, character="a pretty woman", hair="dark hair", anchors=("tough-looking",), clothing="nice clothes"
    )
    built = portrait_prompt(slots, LEXICON)
    assert set(built.vague) == {"a pretty woman", "dark hair", "tough-looking", "nice clothes"}
    assert sum("is vague" in sentence for sentence in built.advice) >= 4


def test_contradicting_anchors_are_told() -> None:
    built = portrait_prompt(
        replace(GUIDE, anchors=("scar on the left cheekbone", "scar on the right cheekbone")), LEXICON
    )
    assert any("left or right" in clash for clash in built.contradictions)
    assert portrait_prompt(replace(GUIDE, anchors=("right-side undercut",)), LEXICON).contradictions


def test_the_formulas_own_words_are_not_doubled() -> None:
    slots = replace(
        GUIDE,
        character="Cinematic medium portrait of a samurai",
        lens="shot on 50mm",
        background="alley, shallow depth of field",
        style="photorealistic, 1:1, 9:16",
    )
    text = portrait_prompt(slots, LEXICON).text.lower()
    for once in ("cinematic medium portrait of", "shallow depth of field", "shot on", "photoreal", "1:1"):
        assert text.count(once) == 1, once
    assert "9:16" not in text
    assert "shot on 50mm" in text


def test_a_clause_said_in_two_slots_is_said_once() -> None:
    text = portrait_prompt(
        replace(GUIDE, anchors=("cyan piping", "cyan piping"), lighting="neon, soft light, neon"), LEXICON
    ).text
    assert (text.count("cyan piping"), text.count(", neon,")) == (1, 1)


def test_words_are_put_round_bare_slots() -> None:
    text = portrait_prompt(
        replace(GUIDE, expression="calm", clothing="a silk kimono", background="forest"), LEXICON
    ).text
    assert "calm expression" in text
    assert "wearing a silk kimono" in text
    assert "forest blurred in the background" in text


@pytest.mark.parametrize(
    ("slots", "word"),
    [
        (replace(GUIDE, style="anime"), "photoreal"),
        (replace(GUIDE, style="film noir, Wes Anderson"), "one film"),
        (replace(GUIDE, lighting="hard side light"), "even light"),
        (replace(GUIDE, expression="looking away, in profile"), "three-quarter"),
        (replace(GUIDE, clothing="wearing a red dress with a long train"), "texture"),
    ],
)
def test_what_a_reference_should_avoid_is_advised(slots: PortraitSlots, word: str) -> None:
    assert any(word in sentence for sentence in portrait_prompt(slots, LEXICON).advice)


def test_a_drawn_style_is_not_called_photoreal() -> None:
    assert "photoreal" not in portrait_prompt(replace(GUIDE, style="anime style"), LEXICON).text


@given(st.lists(st.text(max_size=40), min_size=7, max_size=7), st.lists(st.text(max_size=40), max_size=3))
def test_any_slots_build_a_prompt(texts: list[str], anchors: list[str]) -> None:
    names = ("character", "expression", "hair", "clothing", "background", "lighting", "style")
    slots: dict[str, Any] = dict(zip(names, texts, strict=True))
    try:
        built = portrait_prompt(PortraitSlots(anchors=tuple(anchors), **slots), LEXICON)
    except SamecastError as error:
        if not error.hint:
            raise
        return
    assert built.text.startswith("Cinematic medium portrait")
    assert built.text.endswith("1:1")
    assert ", ," not in built.text
