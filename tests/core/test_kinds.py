"""Kinds of subjects from words: what the phrase is about, not every word in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samecast.core
from samecast.core.errors import InvalidInput
from samecast.core.kinds import Kinds

TEXT = (Path(samecast.core.__path__[0]) / "kinds.toml").read_text(encoding="utf-8")
KINDS = Kinds.parse(TEXT)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("an orange cat", "animal"),
        ("a cartoon cat", "cartoon"),
        ("a plush cat", "toy"),
        ("a girl with cat ears", None),
        ("cat ears hairband", None),
        ("a cat-eared girl", None),
        ("a young woman, cat ears hairband, silver hair", None),
        ("a bear", "animal"),
        ("a teddy bear", "toy"),
        ("a polar bear plush", "toy"),
        ("a man in a bear costume", None),
        ("a stuffed rabbit with one eye", "toy"),
        ("a toy poodle", "animal"),
        ("a toymaker", None),
        ("an old toy maker", None),
        ("a ragdoll cat", "animal"),
        ("a rag doll with button eyes", "toy"),
        ("a small robot", "thing"),
        ("a robot dog", "thing"),
        ("a red backpack", "thing"),
        ("a drone pilot", None),
        ("a baby elephant", "animal"),
        ("a king penguin", "animal"),
        ("a dog walker", None),
        ("a woman walking her dog", None),
        ("a German shepherd", "animal"),
        ("a shepherd with his dog", None),
        ("a tabby cat wearing a knitted sweater", "animal"),
        ("a woman in a knitted sweater", None),
        ("a knitted octopus", "toy"),
        ("photo of a border collie on a beach", "animal"),
        ("a drawing of a fox", "cartoon"),
        ("an anime girl", "cartoon"),
        ("a man in a cartoon t-shirt", None),
        ("a comic artist", None),
        ("a detective, red coat, leather boots", None),
        ("red hair, freckles", None),
        ("two puppies", "animal"),
        ("a Pokémon plüsch? no: a plushie", "toy"),
        ("", None),
    ],
)
def test_the_subject_of_a_description_decides(description: str, kind: str | None) -> None:
    assert KINDS.kind_of(["Mo", description]) == kind


def test_a_name_speaks_where_nothing_else_does() -> None:
    assert KINDS.kind_of(["Teddy Bear"]) == "toy"
    assert KINDS.kind_of(["Fox", "a detective in a trench coat"]) is None
    assert KINDS.kind_of(["Fox", "red scarf"]) == "animal"


def test_a_tag_settles_it() -> None:
    assert KINDS.kind_of(["Rex", "a brave detective"], tags=["series-one", "animal"]) == "animal"
    assert KINDS.kind_of(["Rex", "a dog"], tags=["plush"]) == "toy"
    assert KINDS.kind_of(["Rex", "a dog"], tags=["hero"]) == "animal"


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_read(text: str, tag: str) -> None:
    assert KINDS.kind_of([text], [tag]) in ("animal", "toy", "cartoon", "thing", None)


@pytest.mark.parametrize("text", ["[cartoon", "[cartoon]\nwords = 3", "", TEXT.replace("[beside]", "[besides]")])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="kinds cannot be read"):
        Kinds.parse(text)
