"""Recipes: what is written is read back, and nothing else is taken for one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.brief import Brief
from samecast.core.cast import Anchor, Region
from samecast.core.errors import InvalidInput
from samecast.core.recipe import Member, Recipe, recipe_from_json, recipe_to_json

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
fractions = st.floats(0.01, 0.5)
regions = st.builds(Region, x=fractions, y=fractions, width=fractions, height=fractions)
anchors = st.builds(
    Anchor, text=texts, side=st.sampled_from([None, "left", "right"]), region=st.one_of(st.none(), regions)
)
members = st.builds(
    Member,
    handle=st.from_regex(r"[a-z][a-z0-9_-]{0,14}", fullmatch=True),
    name=texts,
    version=st.integers(1, 1000),
    digest=texts,
    references=st.lists(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), min_size=1, max_size=2).map(tuple),
    anchors=st.lists(anchors, max_size=2).map(tuple),
    description=texts,
)
recipes = st.builds(
    Recipe,
    model=texts,
    engine_version=texts,
    kind=st.sampled_from(["image", "video"]),
    prompt=texts,
    brief=st.builds(Brief, place=st.one_of(st.none(), texts), weather=st.just(("rain",))),
    members=st.lists(members, max_size=2).map(tuple),
    width=st.integers(1, 8000),
    height=st.integers(1, 8000),
    seed=st.integers(0, 2**63 - 1),
    seconds=st.floats(0, 60),
    fps=st.integers(0, 60),
    options=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)

GOOD = Recipe(
    model="storyboard",
    engine_version="1",
    kind="video",
    prompt="@mira in a bar",
    brief=Brief(who=("mira",)),
    members=(
        Member(
            handle="mira",
            name="Mira",
            version=1,
            digest="d",
            references=("a" * 64,),
            anchors=(Anchor(text="scar", side="left", region=Region(x=0.1, y=0.1, width=0.2, height=0.2)),),
        ),
    ),
    width=720,
    height=1280,
    seed=1,
    seconds=4.0,
    fps=24,
)


@given(recipes)
def test_a_recipe_comes_back_as_it_was(recipe: Recipe):
    back = recipe_from_json(recipe_to_json(recipe))
    assert back == recipe
    assert back.digest == recipe.digest


@given(st.one_of(st.text(), values.map(json.dumps)))
def test_anything_else_is_refused_and_nothing_but_that(text: str):
    with pytest.raises(InvalidInput):
        recipe_from_json(text)


@given(st.sampled_from(sorted(json.loads(recipe_to_json(GOOD)))), values)
def test_a_recipe_with_one_value_replaced_is_read_or_refused(key: str, value: Any):
    tree = json.loads(recipe_to_json(GOOD)) | {key: value}
    try:
        read = recipe_from_json(json.dumps(tree))
    except InvalidInput:
        return
    assert recipe_from_json(recipe_to_json(read)) == read


@given(st.sampled_from(sorted(json.loads(recipe_to_json(GOOD))["members"][0])), values)
def test_a_member_with_one_value_replaced_is_read_or_refused(key: str, value: Any):
    tree = json.loads(recipe_to_json(GOOD))
    tree["members"][0][key] = value
    try:
        read = recipe_from_json(json.dumps(tree))
    except InvalidInput:
        return
    assert recipe_from_json(recipe_to_json(read)) == read


@pytest.mark.parametrize(
    "edit",
    [
        {"width": 10**9},
        {"width": 0},
        {"width": "720"},
        {"width": True},
        {"fps": 10**6},
        {"seconds": 1e9},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seed": -1},
        {"seed": 2**70},
        {"kind": "opera"},
        {"model": None},
        {"prompt": "\ud800"},
        {"prompt": "a\0b"},
        {"members": [{}]},
        {"members": {"mira": 1}},
        {"options": [["one"]]},
        {"brief": {"camera": "dolly zoom"}},
        {"samecast": 2},
        {"unheard": 1},
    ],
)
def test_an_edited_recipe_is_refused(edit: dict[str, Any]):
    with pytest.raises(InvalidInput) as refused:
        recipe_from_json(json.dumps(json.loads(recipe_to_json(GOOD)) | edit))
    assert refused.value.hint


def test_a_recipe_nested_without_end_is_refused():
    with pytest.raises(InvalidInput):
        recipe_from_json("[" * 200_000)


@pytest.mark.parametrize(
    "edit", [{"references": []}, {"references": ["../../etc/passwd"]}, {"handle": "../x"}, {"version": 0}]
)
def test_a_member_that_cannot_be_is_refused(edit: dict[str, Any]):
    tree = json.loads(recipe_to_json(GOOD))
    tree["members"][0] |= edit
    with pytest.raises(InvalidInput):
        recipe_from_json(json.dumps(tree))
