"""The prompt as a model wants it: every mention in its words, and every picture it counts in its place."""

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.compiling import Mentioning, compile_prompt, noun_of
from samecast.core.lexicon import Lexicon
from samecast.core.recipe import Member

COUNTED = Mentioning(picture="image {n}", first="the {noun} in {pictures}", again="the {noun} in {pictures}")
TAGGED = Mentioning(picture="<IMAGE_REF_{i}>", first="{name} {pictures}", again="{name}")
SAVED = Mentioning(picture="", first="@{handle}", again="@{handle}")


def member(handle: str, pictures: int, name: str = "") -> Member:
    references = tuple(f"{handle}{n}".ljust(64, "0") for n in range(pictures))
    return Member(handle=handle, name=name or handle.title(), version=1, digest="", references=references)


MIRA, TOM = member("mira", 2), member("tom", 1)


def test_mentions_become_what_the_model_calls_its_pictures():
    done = compile_prompt("@mira walks past @tom; @mira smiles.", [MIRA, TOM], ["woman", "man"], COUNTED, most=8)
    assert done.prompt == (
        "The woman in image 1 and image 2 walks past the man in image 3; the woman in image 1 and image 2 smiles."
    )
    assert done.pictures == (*MIRA.references, *TOM.references)
    assert done.notes == ()


def test_tags_count_from_nought_and_only_the_first_mention_has_them():
    done = compile_prompt("Follow @mira as @mira runs", [MIRA], ["woman"], TAGGED, most=8)
    assert done.prompt == "Follow Mira <IMAGE_REF_0> and <IMAGE_REF_1> as Mira runs"


def test_two_of_one_noun_are_told_apart_at_every_mention():
    short = Mentioning(picture="image {n}", first="the {noun} in {pictures}", again="the {noun}")
    women = [member("mira", 1), member("ana", 1)]
    told = compile_prompt("@mira meets @ana, @mira waves", women, ["woman", "woman"], short, most=4).prompt
    assert told == "The woman in image 1 meets the woman in image 2, the woman in image 1 waves"


def test_everybody_has_a_picture_before_anybody_has_two():
    several = member("mira", 5)
    done = compile_prompt("@mira and @tom", [several, TOM], ["woman", "man"], COUNTED, most=3)
    assert done.pictures == (*several.references[:2], *TOM.references)
    assert done.notes == ("It takes 2 of @mira's 5 references: the first.",)
    one = compile_prompt("@mira and @tom", [several, TOM], ["woman", "man"], COUNTED, most=8, each=1)
    assert one.pictures == (several.references[0], TOM.references[0])


def test_a_picture_to_edit_is_counted_first():
    done = compile_prompt("Put @tom in", [TOM], ["man"], COUNTED, most=3, before=["e" * 64])
    assert done.prompt == "Put the man in image 2 in"
    assert done.pictures == ("e" * 64, *TOM.references)


def test_handles_that_begin_alike_and_strangers_are_left_alone():
    done = compile_prompt("@tom @tommy a@tom.org", [TOM], ["man"], SAVED, most=1)
    assert done.prompt == "@tom @tommy a@tom.org"
    told = compile_prompt("@tommy meets @tom", [TOM], ["man"], COUNTED, most=1).prompt
    assert told == "@tommy meets the man in image 1"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 12), st.integers(1, 4))
def test_no_more_pictures_than_there_is_room_for_and_nobody_is_passed_over(counts: list[int], most: int, each: int):
    members = [member(f"c{n}", count) for n, count in enumerate(counts)]
    prompt = " ".join(f"@{m.handle}" for m in members)
    done = compile_prompt(prompt, members, ["man"] * len(members), COUNTED, most=most, each=each)
    assert len(done.pictures) <= most
    shown = [sum(name in m.references for name in done.pictures) for m in members]
    assert max(shown) <= each
    if most >= len(members):
        assert min(shown) >= 1
    kept = sum(min(each, count) for count in counts)
    assert len(done.pictures) == min(most, kept), "room is used as far as it goes"


@pytest.mark.parametrize(
    ("description", "noun"),
    [
        ("a cyber samurai woman, Japanese, mid-30s", "woman"),
        ("old detective with a scar, a man of few words", "man"),
        ("a young witch", "witch"),
        ("a tabby cat with a torn ear", "cat"),
        ("something green", "character"),
        ("", "character"),
    ],
)
def test_the_noun_comes_from_the_description(description: str, noun: str):
    text = resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8")
    assert noun_of(description, Lexicon.parse(text)) == noun
